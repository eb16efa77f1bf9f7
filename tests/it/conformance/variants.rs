//! What a server has made of the content that it compresses. asmgen chooses the level. Here other decoders than the
//! encoders' own check that the bytes are the same and that the variant is smaller.

use std::io::Read;

use crate::harness::http::{exchange, split};
use crate::model::site::{Coding, Content, Site};

/// The site with the variants that this server sends.
pub(crate) fn of_server(mut site: Site, port: u16) -> Site {
    for route in site.routes.iter_mut().filter(|route| route.compress) {
        let asked = Coding::ALL.into_iter().map(|coding| (coding, ask(port, route.text, coding)));
        let variants: Vec<_> = asked.filter_map(|(coding, bytes)| Some((coding, bytes?))).collect();
        let identity = &*route.representation.identity.bytes;
        assert_eq!(variants.len(), Coding::ALL.len(), "{}: every coding makes it smaller", route.text);
        for (coding, bytes) in &variants {
            let name = coding.name();
            assert!(decoded(*coding, bytes) == identity, "{}: {name} means other bytes", route.text);
            assert!(bytes.len() < identity.len(), "{}: {name} is not smaller", route.text);
        }
        let variants = variants.into_iter().map(|(coding, bytes)| (coding, Content::new(bytes, Some(coding))));
        route.representation.variants = variants.collect();
    }
    site
}

/// The variant's bytes, if the server sends one.
fn ask(port: u16, path: &str, coding: Coding) -> Option<Vec<u8>> {
    let name = coding.name();
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nAccept-Encoding: {name}\r\nConnection: close\r\n\r\n");
    let reply = exchange(port, request.as_bytes());
    let (head, content) = split(&reply);
    let says = format!("\r\nContent-Encoding: {name}\r\n");
    String::from_utf8_lossy(head).contains(&says).then(|| content.to_owned())
}

pub(crate) fn decoded(coding: Coding, bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    match coding {
        Coding::Br => {
            brotli_decompressor::Decompressor::new(bytes, 4096).read_to_end(&mut content).unwrap();
        }
        Coding::Zstd => {
            ruzstd::decoding::StreamingDecoder::new(bytes).unwrap().read_to_end(&mut content).unwrap();
        }
        // RFC 1952: ten bytes of head without options, and four each of checksum and length behind the content.
        Coding::Gzip => {
            assert_eq!(bytes[..4], [0x1f, 0x8b, 8, 0], "a member without name and comment");
            let (deflated, trailer) = bytes[10..].split_at(bytes.len() - 18);
            content = miniz_oxide::inflate::decompress_to_vec(deflated).unwrap();
            assert_eq!(trailer[4..], (content.len() as u32).to_le_bytes(), "its length");
        }
    }
    content
}
