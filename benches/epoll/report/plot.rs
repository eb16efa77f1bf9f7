//! The report as a picture: bars in panels, one panel per measure.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::goals::seconds_per_gb;
use super::table::thousands;
use crate::contestant::Contestant;
use crate::results::{Rate, Report};

const SIZE: (u32, u32) = (1200, 760);
const TITLE_PX: u32 = 44;
/// Where bars begin and how long the longest is, in pixels of a panel.
const NAMES_PX: i32 = 80;
const BARS_PX: f64 = 210.0;
const FIRST_PX: i32 = 48;
const ROW_PX: i32 = 42;
const BAR_PX: i32 = 26;
const SANS: &str = "sans-serif";
const OURS: RGBColor = RGBColor(0, 110, 180);
const FLOOR: RGBColor = RGBColor(150, 150, 150);
const PEERS: RGBColor = RGBColor(225, 150, 60);

/// One measure: the length of each server's bar, and the text beside it.
struct Panel {
    title: &'static str,
    bars: Vec<(Contestant, f64, String)>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(crate) fn render(report: &Report) -> anyhow::Result<String> {
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (head, body) = root.split_vertically(TITLE_PX);
    let title = format!("asmgen side by side: {}; {}", report.machine, report.date);
    head.draw(&Text::new(title, (16, 16), (SANS, 18)))?;
    for (panel, area) in panels(report).iter().zip(body.split_evenly((2, 3))) {
        draw(panel, &area)?;
    }
    root.present()?;
    drop((head, body, root));
    Ok(if svg.ends_with('\n') { svg } else { svg + "\n" })
}

fn panels(report: &Report) -> [Panel; 6] {
    let cpu = |title, rows: &[Rate]| {
        let bar = |rate: &Rate| (rate.contestant, rate.median.cpu_us, format!("{:.1} µs", rate.median.cpu_us));
        Panel { title, bars: rows.iter().map(bar).collect() }
    };
    let big = |rate: &Rate| (rate.contestant, seconds_per_gb(rate), format!("{:.2} s", seconds_per_gb(rate)));
    let rates = |rate: &Rate| {
        let rate_per_s = rate.median.requests_per_s;
        (rate.contestant, rate_per_s, format!("{}/s", thousands(rate_per_s)))
    };
    let starts = report.starts.iter().map(|row| (row.contestant, row.median_ms, format!("{:.1} ms", row.median_ms)));
    [
        cpu("CPU per request, 64 connections", &report.page),
        cpu("CPU per request, pipelined ×16", &report.pipelined),
        cpu("CPU per request, a connection each", &report.closing),
        Panel { title: "CPU per GB, 1 MB body", bars: report.big.iter().map(big).collect() },
        Panel { title: "requests/s, 64 connections", bars: report.page.iter().map(rates).collect() },
        Panel { title: "start to first reply", bars: starts.collect() },
    ]
}

fn draw(panel: &Panel, area: &Area<'_>) -> anyhow::Result<()> {
    area.draw(&Text::new(panel.title, (16, 14), (SANS, 17)))?;
    let longest = panel.bars.iter().map(|(_, value, _)| *value).fold(f64::MIN_POSITIVE, f64::max);
    for (row, (contestant, value, label)) in panel.bars.iter().enumerate() {
        let top = FIRST_PX + row as i32 * ROW_PX;
        let middle = top + BAR_PX / 2;
        let end = NAMES_PX + (value / longest * BARS_PX).round() as i32;
        let color = match contestant {
            Contestant::Asmgen => OURS,
            Contestant::Floor => FLOOR,
            _ => PEERS,
        };
        area.draw(&Rectangle::new([(NAMES_PX, top), (end, top + BAR_PX)], color.filled()))?;
        let style = |side| (SANS, 14).into_text_style(area).pos(Pos::new(side, VPos::Center));
        area.draw(&Text::new(contestant.name(), (NAMES_PX - 6, middle), style(HPos::Right)))?;
        area.draw(&Text::new(label.as_str(), (end + 6, middle), style(HPos::Left)))?;
    }
    Ok(())
}
