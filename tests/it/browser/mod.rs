//! A browser at work. It shows a page with all that belongs to it, and asks only for what is new when it comes again.
//! It also shows maps (`poster`).

mod devtools;
mod poster;

use std::collections::BTreeMap;
use std::process::Stdio;

use self::devtools::{Browser, Tab};
use crate::harness::process::Process;
use crate::harness::server::{Server, Spec, free_port};
use crate::harness::tool::Variant;

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>A page – with everything</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<script src="/script.js" defer></script>
</head>
<body><h1 id="head">Hello</h1><img id="image" src="/image.svg" alt="a square"></body>
</html>
"#;
const STYLE: &str = "/* Long enough to be worth a variant: ................................................... */\n\
                     #head { color: rgb(1, 2, 3); }\n#image { border: 4px solid rgb(1, 2, 3); }\n";
const SCRIPT: &str = "document.getElementById('head').textContent = 'Hello from the script';\n";
const IMAGE: &str =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"16\" height=\"9\"><rect width=\"16\" height=\"9\"/></svg>\n";

/// What has to be there once the page is shown, and the values.
const SHOWN: [(&str, &str); 5] = [
    ("document.title", "A page – with everything"),
    ("document.getElementById('head').textContent", "Hello from the script"),
    ("getComputedStyle(document.getElementById('head')).color", "rgb(1, 2, 3)"),
    ("getComputedStyle(document.getElementById('image')).borderTopWidth", "4px"),
    ("['naturalWidth', 'naturalHeight'].map(name => document.getElementById('image')[name]).join()", "16,9"),
];
const PATHS: [&str; 4] = ["/", "/image.svg", "/script.js", "/style.css"];

fn server() -> Server {
    let route = |path: &str, file: &str| {
        format!("[[route]]\npath = \"{path}\"\nfile = \"{file}\"\ncache = \"no-cache\"\ncompress = true\n")
    };
    let port = free_port();
    let spec = Spec::new(&format!(
        "[server]\nengine = \"epoll\"\nlisten = \"127.0.0.1:{port}\"\n{}{}{}{}",
        route("/", "page.html"),
        route("/style.css", "style.css"),
        route("/script.js", "script.js"),
        route("/image.svg", "image.svg"),
    ));
    for (name, text) in [("page.html", PAGE), ("style.css", STYLE), ("script.js", SCRIPT), ("image.svg", IMAGE)] {
        std::fs::write(spec.path().with_file_name(name), text).unwrap();
    }
    let (path, file) = (spec.path(), spec.path().with_file_name("server"));
    let variant = Variant::native(&path);
    variant.build(None, &file);
    let mut command = variant.run(&file);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Server::ready(Process::spawn(&mut command), port).unwrap()
}

/// Everything has come with this status, and is shown.
fn is_shown(tab: &mut Tab, statuses: &BTreeMap<String, u64>, status: u64) {
    assert_eq!(*statuses, PATHS.map(|path| (path.to_owned(), status)).into(), "the statuses of what the page needs");
    for (expression, value) in SHOWN {
        assert_eq!(tab.evaluate(expression), value, "{expression}");
    }
}

#[test]
fn it_shows_a_page_and_comes_again() {
    let server = server();
    let address = format!("http://127.0.0.1:{}/", server.port);
    let mut browser = Browser::start();
    let mut tab = browser.tab();
    let first = tab.visit(&address);
    is_shown(&mut tab, &first, 200);
    let again = tab.visit(&address);
    is_shown(&mut tab, &again, 304);
}
