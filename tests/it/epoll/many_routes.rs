//! As many routes as a spec may have, with names that are chosen to fall together.

use std::fmt::Write as _;

use super::Client;
use crate::harness::server::{Server, Spec};
use crate::harness::tool::variants;

/// Each of the paths is twelve of these two, which are equal for every hash that multiplies by 31 and adds a byte.
const PAIR: [&str; 2] = ["Aa", "BB"];
const LETTERS: usize = 12;
/// Requests that are sent before the replies to them are read.
const PIPELINED: usize = 16;

fn path(number: usize) -> String {
    let letters: String = (0..LETTERS).map(|bit| PAIR[number >> bit & 1]).collect();
    format!("/{letters}")
}

#[test]
fn names_that_fall_together_have_their_own_replies() {
    let numbers: Vec<usize> = (0..1 << LETTERS).collect();
    let mut text = String::new();
    for &number in &numbers {
        write!(text, "[[route]]\npath = \"{}\"\nbody = \"{number}\"\n", path(number)).unwrap();
    }
    let spec = Spec::new(&text);
    for variant in variants(&spec.path()).filter(|variant| variant.elf == "strict") {
        let server = Server::start(variant);
        let mut client = Client::new(server.port);
        for numbers in numbers.chunks(PIPELINED) {
            // Behind each path comes one that no route has, and that begins as it does.
            let requests = numbers.iter().flat_map(|&number| ["", "A"].map(|end| path(number) + end));
            let requests = requests.map(|path| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            client.send(requests.collect::<String>().as_bytes());
            for number in numbers {
                let reply = client.reply();
                assert_eq!((reply.status(), &*reply.body), ("200", number.to_string().as_bytes()), "{variant}");
                assert_eq!(client.reply().status(), "404", "{variant} {number}");
            }
        }
    }
}
