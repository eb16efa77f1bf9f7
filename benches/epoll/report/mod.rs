//! The report: numbers for programs, a table and a plot for people.

mod goals;
mod plot;
mod table;

use std::fs;
use std::path::Path;

use crate::results::Report;

pub(crate) fn write(report: &Report, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("epoll.json"), serde_json::to_string_pretty(report)? + "\n")?;
    let page = table::render(report);
    fs::write(folder.join("epoll.md"), &page)?;
    fs::write(folder.join("epoll.svg"), plot::render(report)?)?;
    print!("{page}");
    eprintln!("written to {0}/epoll.md, {0}/epoll.svg and {0}/epoll.json", folder.display());
    Ok(())
}
