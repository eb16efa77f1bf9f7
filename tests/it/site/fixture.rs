//! The folder that the table of requests is about.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use asmgen::site::{Disk, Html, Settings, Table, read};

pub(super) const REDIRECTS: &str = "\
/home /
/old /about 301   # moved
/temp /about 302
/see /about?from=see#top 303
/keep https://example.com/x 307
/blog/:y/:m/:slug /articles/:slug?y=:y&m=:m 308
/news/* /docs/:splat
/ext/* https://example.com/:splat 302
/go/* /:splat
/shop/* /404.html 404
/gone /about.html 410
/legal /about.html 451
/rw/* /docs/:splat 200
/style.css /other.css
/app.js /old.js 302!
/team /elsewhere
/caf%C3%A9 /about
/a/:x /about
/a/first /home
";

pub(super) const HEADERS: &str = "\
/*
  X-Frame-Options: DENY
/docs/*
  X-Docs: 1
  X-Multi: a
  X-Multi: b
/docs/a.html
  ! X-Frame-Options
  X-Multi: c
  Cache-Control: max-age=60
/*.svg
  Access-Control-Allow-Origin: *
/assets/*
  Cache-Control: public, max-age=31536000, immutable
";

/// A gzip file of `{"other": true}`, which is not what data.json has.
const STALE_SIDECAR: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56, 0xca, 0x2f, 0xc9, 0x48, 0x2d, 0x52, 0xb2,
    0x52, 0x28, 0x29, 0x2a, 0x4d, 0xad, 0xe5, 0x02, 0x00, 0xae, 0x93, 0x8f, 0x18, 0x10, 0x00, 0x00, 0x00,
];

/// Bytes of the file that is larger than a page of memory.
const BIG_BYTES: usize = 70_000;

/// Each file with its content; those without one have their own path as text.
const FILES: [(&str, &str); 33] = [
    ("index.html", ""),
    ("about.html", ""),
    ("team/index.html", ""),
    ("both.html", ""),
    ("both/index.html", ""),
    ("docs/index.html", ""),
    ("docs/a.html", ""),
    ("docs/404.html", ""),
    ("docs/img/x.png", ""),
    ("404.html", ""),
    ("app.js", ""),
    ("style.css", ""),
    ("logo.svg", "<svg/>"),
    ("data.json", "{}"),
    ("README", ""),
    ("page", "<!doctype html>\n<p>A page"),
    ("assets/app-DRXdy1V7.js", ""),
    ("graphviz-06934fab36ed45716e2be32cffa6a667e3c81348.svg", "<svg></svg>"),
    ("sp ace/x y.txt", ""),
    ("a%20b.txt", ""),
    ("100%.html", "<a href='100%.html'>Full</a> <a href='100%25.html'>Right</a>"),
    ("é.txt", ""),
    ("日本/東京.html", ""),
    ("q?m.txt", ""),
    ("h#h.txt", ""),
    ("semi;colon+plus.txt", ""),
    (".well-known/security.txt", ""),
    (".well-known/apple-app-site-association", "{ }"),
    (".env", "SECRET=1"),
    (".git/config", "[core]"),
    ("_redirects", REDIRECTS),
    ("_headers", HEADERS),
    ("node_modules/x/index.html", ""),
];

/// Writes the folder.
pub(super) fn write(folder: &Path) {
    for (path, content) in FILES {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, if content.is_empty() { path } else { content }).unwrap();
    }
    fs::write(folder.join("empty.txt"), "").unwrap();
    fs::write(folder.join("data.json.gz"), STALE_SIDECAR).unwrap();
    fs::write(folder.join("big.bin"), vec![0xb1; BIG_BYTES]).unwrap();
    symlink("about.html", folder.join("inside.html")).unwrap();
    symlink("/etc/hostname", folder.join("outside")).unwrap();
}

/// The sites of the rows: the folder with one setting changed.
pub(super) struct Sites {
    pub(super) plain: Table,
    pub(super) spa: Table,
    pub(super) redirect: Table,
    pub(super) base: Table,
}

impl Sites {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path());
        let disk = Disk { folder: folder.path().to_path_buf() };
        let table = |settings: Settings| read(&disk, &settings).unwrap();
        let plain = Settings::default;
        Self {
            plain: table(plain()),
            spa: table(Settings { spa: true, ..plain() }),
            redirect: table(Settings { html: Html::Redirect, ..plain() }),
            base: table(Settings { base: "/d".into(), ..plain() }),
        }
    }
}
