//! Packs a folder, such as the output of a site generator, into an image for two machines.

use std::{env, error::Error, fs, io, path::Path};

use asmgen::spec::{Description, Reply, Server};
use asmgen::{AARCH64, X86_64};

/// Adds the files below a folder: their paths from there on, and their contents.
fn add(files: &mut Vec<(String, Vec<u8>)>, folder: &Path, path: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        let path = format!("{path}/{}", file.file_name().unwrap_or_default().to_string_lossy());
        if file.is_dir() { add(files, &file, &path)? } else { files.push((path, fs::read(&file)?)) }
    }
    Ok(())
}

/// Serves the files of a folder and a health check, and writes the image.
pub fn pack(folder: &Path, archive: &Path) -> Result<(), Box<dyn Error>> {
    let mut files = Vec::new();
    add(&mut files, folder, "")?;
    files.sort();
    let server = Server::of_files(files).with_route("/healthz", Reply::text("ok\n"));
    Ok(fs::write(archive, asmgen::image(&Description::new("site", server), &[&X86_64, &AARCH64])?.tar)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let [folder, archive] = [1, 2].map(|number| env::args().nth(number).expect("usage: site FOLDER ARCHIVE"));
    pack(folder.as_ref(), archive.as_ref())
}
