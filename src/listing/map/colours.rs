//! Do the colours hold? People of every kind of colour vision must be able to tell any two apart. Letters must be
//! readable on all of them, on light paper and on dark.

use super::cells::Kind;

const STYLE: &str = include_str!("poster.css");
const PAGE: &str = include_str!("page.html");

/// Red, green and blue, from 0 to 1.
type Light = [f64; 3];

/// Vision without one kind of cones: G. M. Machado et al., "A Physiologically-based Model for Simulation of Color
/// Vision Deficiency", IEEE TVCG 15(6), 2009, severity 1.0.
#[rustfmt::skip] // A row per line.
const VISIONS: [(&str, [Light; 3]); 4] = [
    ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    ("no red", [
        [0.152_286, 1.052_583, -0.204_868],
        [0.114_503, 0.786_281, 0.099_216],
        [-0.003_882, -0.048_116, 1.051_998],
    ]),
    ("no green", [
        [0.367_322, 0.860_646, -0.227_968],
        [0.280_085, 0.672_501, 0.047_413],
        [-0.011_820, 0.042_940, 0.968_881],
    ]),
    ("no blue", [
        [1.255_528, -0.076_749, -0.178_779],
        [-0.078_411, 0.930_809, 0.147_602],
        [0.004_733, 0.691_367, 0.303_900],
    ]),
];
/// CIE76 distance that is plain to see between neighbours; 2.3 is just noticeable.
const DISTANCE_MIN: f64 = 15.0;
/// WCAG 2.2, success criterion 1.4.3.
const CONTRAST_MIN: f64 = 4.5;

/// Values as a style has them, from 0 to 1.
fn values(hex: &str) -> Light {
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0)
}

/// The light of such values: IEC 61966-2-1.
fn light(values: Light) -> Light {
    values.map(|value| if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) })
}

/// The colour behind a property in a rule of the style: six hex digits.
fn colour<'s>(style: &'s str, selector: &str, property: &str) -> &'s str {
    let rule = style.split(&format!("#map {selector} {{")).nth(1).unwrap_or_else(|| panic!("no {selector}"));
    let value = rule.split(&format!("{property}: #")).nth(1).unwrap_or_else(|| panic!("no {property} of {selector}"));
    &value[..6]
}

/// The colours of the kinds; of shared bytes that between the stripes'.
fn kinds() -> Vec<(Kind, &'static str)> {
    Kind::ALL.into_iter().map(|kind| (kind, colour(STYLE, &format!(".{}", kind.name()), "stroke"))).collect()
}

fn seen(light: Light, vision: &[Light; 3]) -> Light {
    vision.map(|row| row.iter().zip(light).map(|(part, of)| part * of).sum::<f64>().clamp(0.0, 1.0))
}

fn luminance([red, green, blue]: Light) -> f64 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// CIE 1976 L*a*b* under D65.
fn lab([red, green, blue]: Light) -> [f64; 3] {
    let curve = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = curve((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505);
    let y = curve(luminance([red, green, blue]));
    let z = curve((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn distance(one: Light, other: Light) -> f64 {
    lab(one).iter().zip(lab(other)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn everybody_can_tell_the_kinds_apart() {
    for (name, vision) in VISIONS {
        for (index, (one, first)) in kinds().into_iter().enumerate() {
            for (other, second) in kinds().into_iter().skip(index + 1) {
                let distance = distance(seen(light(values(first)), &vision), seen(light(values(second)), &vision));
                assert!(distance >= DISTANCE_MIN, "{one:?} and {other:?} with {name}: {distance:.0}");
            }
        }
    }
}

#[test]
fn letters_are_readable_on_every_cell() {
    let dark = STYLE.split("@media").nth(1).expect("a dark theme");
    let letters = luminance(light(values(colour(STYLE, ".run text", "fill"))));
    let stripes = [".stripe-ground", ".stripe"].map(|stripe| colour(STYLE, stripe, "fill"));
    let cells = kinds().into_iter().filter(|(kind, _)| *kind != Kind::Shared).map(|(_, cell)| cell).chain(stripes);
    for cell in cells {
        for style in [STYLE, dark] {
            let paper = values(colour(style, ".paper", "fill"));
            let rule = style.split("#map .odd rect { fill-opacity: ").nth(1).expect("every other run is paler");
            let opacity: f64 = rule.split(';').next().expect("a number").parse().unwrap();
            for share in [1.0, opacity] {
                // Browsers mix values, not light.
                let mixed = [0, 1, 2].map(|at| share * values(cell)[at] + (1.0 - share) * paper[at]);
                let contrast = (luminance(light(mixed)) + 0.05) / (letters + 0.05);
                assert!(contrast >= CONTRAST_MIN, "{cell} at {share}: {contrast:.1}");
            }
        }
    }
}

#[test]
fn the_page_has_the_colours_of_the_drawing() {
    for (kind, colour) in kinds().into_iter().filter(|(kind, _)| *kind != Kind::Shared) {
        let rule = format!(".owner.{} {{ border-color: #{colour}; }}", kind.name());
        assert!(PAGE.contains(&rule), "{rule}");
    }
}
