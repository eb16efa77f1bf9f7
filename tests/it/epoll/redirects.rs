//! Replies that lead elsewhere.

use super::Client;
use crate::harness::server::{Server, Spec};
use crate::harness::tool::{Variant, variants};

/// Requests of one client, each with a path of 5 kB.
const REQUESTS: u32 = 2000;

const SPEC: &str = "[[route]]\npath = \"/old\"\nlocation = \"/new\"\n\
                    [[route]]\npath = \"/made\"\nlocation = \"https://example.org/?a=b#c\"\nstatus = 201\n\
                    body = \"made\"\n\
                    [not_found]\nlocation = \"https://example.org/\"\nstatus = 302\ncache = \"no-store\"\n";

fn replies(variant: Variant) {
    let server = Server::start(variant);
    let mut client = Client::new(server.port);
    for (path, status_line, location, body) in [
        ("/old", "HTTP/1.1 308 Permanent Redirect", "/new", "/new\n"),
        ("/made", "HTTP/1.1 201 Created", "https://example.org/?a=b#c", "made"),
        ("/nowhere", "HTTP/1.1 302 Found", "https://example.org/", "https://example.org/\n"),
    ] {
        let reply = client.ask(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        assert_eq!(reply.head.lines().next(), Some(status_line), "{variant} {path}");
        assert_eq!((reply.field("Location"), reply.body.as_slice()), (Some(location), body.as_bytes()));
        assert_eq!(reply.field("Cache-Control"), (path == "/nowhere").then_some("no-store"));
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        let head = client.reply_to(true).expect("a reply");
        assert_eq!((head.field("Location"), head.status()), (Some(location), reply.status()), "{variant} {path}");
    }
}

#[test]
fn redirects_say_where_to() {
    let spec = Spec::new(SPEC);
    variants(&spec.path()).filter(|variant| variant.elf == "strict").for_each(replies);
}

/// A location with the request's path, also where the client takes little at a time: what was cut is made again.
#[test]
fn redirects_keep_the_path() {
    let spec = "[not_found]\nlocation = \"https://example.org{{path}}\"\nbody = \"\"\n";
    let spec = Spec::new(spec);
    for variant in variants(&spec.path()).filter(|variant| variant.elf == "strict") {
        let server = Server::start(variant);
        let mut client = Client::new(server.port);
        for path in ["/", "/a?b=c", "//a", "/a%20b/../c", "/?"] {
            let reply = client.ask(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
            let location = format!("https://example.org{path}");
            assert_eq!((reply.status(), reply.field("Location")), ("308", Some(location.as_str())), "{variant}");
        }
        // Ten megabytes of replies that the client does not read at first: no socket takes them, and each is cut
        // somewhere.
        let request = |number: u32| format!("GET /{number}{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(5000));
        let mut writer = client.stream.try_clone().unwrap();
        let sender = std::thread::spawn(move || {
            for number in 0..REQUESTS {
                std::io::Write::write_all(&mut writer, request(number).as_bytes()).unwrap();
            }
        });
        std::thread::sleep(std::time::Duration::from_millis(300));
        for number in 0..REQUESTS {
            let reply = client.reply();
            let location = format!("https://example.org/{number}{}", "x".repeat(5000));
            assert_eq!(reply.field("Location"), Some(location.as_str()), "{variant}: {number}");
        }
        sender.join().unwrap();
    }
}
