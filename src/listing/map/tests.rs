//! Every byte once, every owner named, and nothing in a form that the form would take for its own.

use super::cells::{Kind, Map};
use super::{Format, TooLarge, html, render, svg, text};
use crate::elf::Tier;
use crate::image::{Image, Owner};
use crate::spec::{Description, Engine};
use crate::{Effort, Options, TARGETS, build, examples};

fn image(description: &Description, target: &str, tier: Tier) -> Image {
    let target = TARGETS.iter().find(|known| known.name == target).unwrap();
    build(description, Options::new(target).tier(tier).effort(Effort::Quick)).unwrap()
}

/// The small examples on every target in every layout.
fn images() -> Vec<(&'static str, Image)> {
    let all = examples::EXAMPLES.iter().flat_map(|example| {
        let small = example.engines().into_iter().filter(|engine| *engine != Some(Engine::Epoll));
        small.flat_map(move |engine| {
            let description = example.description(engine);
            let built =
                TARGETS.iter().flat_map(|target| Tier::all().map(|tier| image(&description, target.name, tier)));
            built.map(|image| (example.name, image)).collect::<Vec<_>>()
        })
    });
    all.collect()
}

fn name(owner: &Owner) -> Option<&str> {
    match owner {
        Owner::Field { name, .. } | Owner::Data { name } => Some(name),
        Owner::Code { .. } | Owner::Pad { .. } => None,
    }
}

#[test]
fn every_byte_is_in_one_run_with_all_its_owners() {
    for (example, image) in images() {
        let map = Map::new(example, &image);
        let mut end = 0;
        for run in &map.runs {
            assert_eq!(run.range.start, end, "{example}");
            end = run.range.end;
            for offset in run.range.clone() {
                let owners = image.map.iter().enumerate();
                let owners = owners.filter(|(_, claim)| (claim.offset..claim.offset + claim.len).contains(&offset));
                let mut items = run.items.clone();
                items.sort_unstable();
                assert_eq!(items, owners.map(|(index, _)| index).collect::<Vec<_>>(), "{example} {offset:#x}");
                assert_eq!(run.kind == Kind::Shared, items.len() > 1);
            }
        }
        assert_eq!(end as usize, image.bytes.len());
        let total: u32 = Kind::ALL.map(|kind| map.count(kind)).iter().sum();
        assert_eq!(total as usize, image.bytes.len());
    }
}

#[test]
fn every_form_names_all_owners_of_a_shared_byte() {
    for (example, image) in images() {
        let map = Map::new(example, &image);
        let (text, svg) = (text(&map, false), svg(&map));
        let titles: Vec<&str> = svg.split("<title>").skip(1).filter_map(|rest| rest.split("</title>").next()).collect();
        assert_eq!(titles.len(), map.runs.len());
        for (run, title) in map.runs.iter().zip(titles).filter(|(run, _)| run.kind == Kind::Shared) {
            let names: Vec<&str> = run.items.iter().filter_map(|&index| name(&image.map[index].owner)).collect();
            let line =
                text.lines().find(|line| line.starts_with(&format!("{:04x}", run.range.start)) && line.contains(" = "));
            let line = line.unwrap_or_else(|| panic!("{example}: {:#x} is not among the shared", run.range.start));
            for name in names {
                assert!(line.contains(name) && title.contains(name), "{example}: {name} in {line:?} and {title:?}");
            }
        }
    }
}

#[test]
fn parts_cover_the_file_and_places_begin_where_jumps_lead() {
    for (example, image) in images() {
        let map = Map::new(example, &image);
        let covered = |offset: u32| map.parts.iter().any(|part| part.range.contains(&offset));
        assert!((0..image.bytes.len() as u32).all(covered), "{example}");
        let begins = |offset: u32| map.items.iter().any(|item| item.range.start == offset);
        assert!(map.places.iter().all(|place| begins(place.range.start) && !place.range.is_empty()), "{example}");
        if ["greeting", "routes", "page", "file"].contains(&example) {
            assert!(map.places.iter().any(|place| place.kind == Kind::Code && place.name == "close"), "{example}");
        }
    }
}

#[test]
fn names_have_no_meaning_in_markup() {
    let evil = "</script><b>&\"'{{data}}<!--\u{1}";
    let mut image = image(&examples::EXAMPLES[0].description(None), "i386", Tier::Strict);
    for claim in &mut image.map {
        claim.owner = Owner::Data { name: evil.into() };
    }
    let map = Map::new(evil, &image);
    let (svg, html) = (svg(&map), html(&map));
    for form in [&svg, &html] {
        assert!(!form.contains("<b>") && !form.contains("<!--") && !form.contains('\u{1}'));
    }
    assert_eq!(html.matches("</script>").count(), 2);
    assert_eq!(html.matches("<svg ").count(), 1);
    assert!(svg.contains("&lt;/script&gt;&lt;b&gt;&amp;&quot;&#39;{{data}}&lt;!--\u{fffd}"));
}

#[test]
fn colours_surround_cells_and_change_no_text() {
    let image = image(&examples::EXAMPLES[0].description(None), "x86_64", Tier::Portable);
    let map = Map::new("hello", &image);
    let coloured = text(&map, true);
    assert_eq!(coloured.matches("\x1b[0m").count() * 2, coloured.matches('\x1b').count());
    let mut plain = String::new();
    let mut parts = coloured.split('\x1b');
    plain += parts.next().unwrap();
    plain.extend(parts.filter_map(|part| part.split_once('m')).map(|(_, text)| text));
    // In the legend a colour has room on both sides of its letter.
    let below = |text: &str| text.split_once("\n0000").unwrap().1.to_owned();
    assert_eq!(below(&plain), below(&text(&map, false)));
}

#[test]
fn large_files_are_not_drawn() {
    let mut image = image(&examples::EXAMPLES[0].description(None), "x86_64", Tier::Strict);
    let bytes = super::DRAWN_BYTES_MAX + 1;
    let last = image.map.last_mut().unwrap();
    last.len += (bytes - image.bytes.len()) as u32;
    image.bytes.resize(bytes, 0);
    let map = Map::new("hello", &image);
    assert!(render(&map, Format::Text, false).is_ok());
    assert_eq!(render(&map, Format::Svg, false), Err(TooLarge { bytes }));
    assert_eq!(render(&map, Format::Html, false), Err(TooLarge { bytes }));
}
