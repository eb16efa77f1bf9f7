//! The archive in the fewest bytes.

use super::*;

/// A request for it.
fn golf(targets: &[&str]) -> ImageRequest {
    ImageRequest { is_golf: true, has_healthcheck: true, ..request(targets) }
}

/// Entries of an archive without an end: name, kind, name that a link leads to, content.
fn entries(tar: &[u8]) -> Vec<(String, u8, String, Vec<u8>)> {
    let (mut at, mut entries) = (0, Vec::new());
    while at < tar.len() {
        let text = |from: usize, len: usize| {
            let field = &tar[at + from..at + from + len];
            std::str::from_utf8(field).unwrap().trim_end_matches('\0').to_owned()
        };
        let size = usize::from_str_radix(&text(124, 12), 8).unwrap();
        let content = tar[at + 512..at + 512 + size].to_vec();
        entries.push((text(0, 100), tar[at + 156], text(157, 100), content));
        at += 512 + size.next_multiple_of(512);
    }
    assert_eq!(at, tar.len());
    entries
}

fn texts(entries: &[(String, u8, String, Vec<u8>)]) -> BTreeMap<String, Vec<u8>> {
    entries.iter().map(|(name, _, _, content)| (name.clone(), content.clone())).collect()
}

#[test]
fn one_platform_takes_eleven_blocks() {
    let archive = build(&golf(&["x86_64"])).unwrap();
    assert_eq!(archive.tar.len(), 11 * 512);
    let entries = entries(&archive.tar);
    assert_eq!(entries.len(), 6);
    let link = entries.iter().find(|(name, ..)| name == "oci-layout").unwrap();
    assert_eq!((link.1, link.2.as_str(), link.3.len()), (b'1', "index.json", 0));
    let index = parse(&texts(&entries)["index.json"]);
    assert_eq!(index["imageLayoutVersion"], "1.0.0");
    assert_eq!(index["manifests"][0]["digest"].as_str().unwrap(), archive.summary.root.digest);
    let blobs: usize = entries.iter().filter(|(name, ..)| name.starts_with("blobs/")).map(|entry| entry.3.len()).sum();
    assert_eq!(archive.summary.content_bytes, blobs);
}

#[test]
fn several_platforms_keep_their_layout_file() {
    let archive = build(&golf(&["x86_64", "aarch64"])).unwrap();
    assert_eq!(archive.tar.len(), 20 * 512);
    let entries = entries(&archive.tar);
    assert!(entries.iter().all(|(_, kind, ..)| *kind == b'0'));
    let files = texts(&entries);
    assert_eq!(files["oci-layout"], br#"{"imageLayoutVersion":"1.0.0"}"#);
    let index = parse(follow(&files, &parse(&files["index.json"])["manifests"][0]));
    assert_eq!(index["mediaType"], "application/vnd.oci.image.index.v1+json");
    let platforms: Vec<&Value> = index["manifests"].as_array().unwrap().iter().map(|one| &one["platform"]).collect();
    let machine = |architecture: &str| json!({"architecture": architecture, "os": "linux"});
    assert_eq!(platforms, [&machine("amd64"), &machine("arm64")]);
}

#[test]
fn the_documents_say_what_tools_need_and_no_more() {
    let request = golf(&["aarch64"]);
    let archive = build(&request).unwrap();
    let files = texts(&entries(&archive.tar));
    let manifest = parse(follow(&files, &parse(&files["index.json"])["manifests"][0]));
    let keys: Vec<&String> = manifest.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["schemaVersion", "mediaType", "config", "layers"]);
    let config = parse(follow(&files, &manifest["config"]));
    let layer = gunzip(follow(&files, &manifest["layers"][0]));
    let expected = json!({
        "architecture": "arm64", "os": "linux", "config": {"User": "65532:65532", "Cmd": ["/page"]},
        "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]}, "history": [{}],
    });
    assert_eq!(config, expected);
    // Whole blocks, and two of zeros at the end.
    let program = &request.platforms[0].bytes;
    let blocks = 1 + program.len().div_ceil(512) + 2;
    assert_eq!((layer.len(), &layer[512..][..program.len()]), (blocks * 512, program.as_slice()));
    assert_eq!(&layer[257..265], b"ustar\x0000");
}

#[test]
fn the_same_request_gives_the_same_bytes_whatever_the_date() {
    let request = golf(&["x86_64", "i386"]);
    assert_eq!(build(&request), build(&request.clone()));
    let later = ImageRequest { created_epoch_s: request.created_epoch_s + 1, ..request.clone() };
    assert_eq!(build(&request), build(&later));
}

#[test]
fn every_name_has_its_entry() {
    let tags = vec!["page:1".to_owned(), "ghcr.io/acme/page:2".to_owned()];
    let files = texts(&entries(&build(&ImageRequest { tags, ..golf(&["x86_64"]) }).unwrap().tar));
    assert_eq!(parse(&files["index.json"])["manifests"].as_array().unwrap().len(), 2);
    assert_eq!(parse(&files["manifest.json"])[0]["RepoTags"].as_array().unwrap().len(), 2);
}
