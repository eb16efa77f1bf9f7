//! The archive as a whole, read back by a reader of its own. Every digest and size is computed again from the bytes, as
//! `crane validate` does.

use super::*;
use content::digest;
use serde_json::{Value, json};
use std::collections::BTreeMap;

mod golf;

/// Path, permission bits and content of each entry.
type Entries = Vec<(String, u32, Vec<u8>)>;

/// Reads a tar, checking what `tar` itself would complain about.
fn untar(tar: &[u8]) -> Entries {
    assert_eq!(tar.len() % 512, 0);
    let octal = |field: &[u8]| {
        let text = std::str::from_utf8(field).unwrap().trim_end_matches(['\0', ' ']);
        usize::from_str_radix(text, 8).unwrap()
    };
    let (mut at, mut entries) = (0, Entries::new());
    while tar[at] != 0 {
        let header = &tar[at..at + 512];
        let sum: usize =
            header.iter().enumerate().map(|(i, &b)| usize::from(if (148..156).contains(&i) { b' ' } else { b })).sum();
        assert_eq!(octal(&header[148..156]), sum, "checksum");
        assert_eq!((octal(&header[108..116]), octal(&header[116..124]), octal(&header[136..148])), (0, 0, 0));
        let name = std::str::from_utf8(&header[..100]).unwrap().trim_end_matches('\0').to_owned();
        let size = octal(&header[124..136]);
        at += 512;
        entries.push((name, octal(&header[100..108]) as u32, tar[at..at + size].to_vec()));
        at += size.next_multiple_of(512);
    }
    assert_eq!(tar.len() - at, 1024, "two end blocks");
    assert!(tar[at..].iter().all(|&byte| byte == 0));
    entries
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let data = miniz_oxide::inflate::decompress_to_vec(&bytes[10..bytes.len() - 8]).unwrap();
    assert_eq!(bytes[bytes.len() - 4..], (data.len() as u32).to_le_bytes());
    data
}

/// The blob that a descriptor points to, checked against it.
fn follow<'a>(files: &'a BTreeMap<String, Vec<u8>>, descriptor: &Value) -> &'a [u8] {
    let name = descriptor["digest"].as_str().unwrap();
    let blob = &files[&format!("blobs/{}", name.replace(':', "/"))];
    assert_eq!(digest(blob), name);
    assert_eq!(descriptor["size"], json!(blob.len()));
    blob
}

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn request(targets: &[&str]) -> ImageRequest {
    ImageRequest {
        name: "page".into(),
        about: About {
            title: "A \"page\": тест".into(),
            description: "One sentence.".into(),
            repository: "https://example.com/acme/page".into(),
            version: "1.2.3".into(),
            licenses: "MIT".into(),
            authors: String::new(),
        },
        platforms: targets
            .iter()
            .map(|name| {
                let target = Target::by_name(name).unwrap();
                PlatformBinary { target, bytes: [b"\x7fELF", name.as_bytes()].concat() }
            })
            .collect(),
        port: Some(8080),
        has_healthcheck: false,
        tags: vec![],
        created_epoch_s: 1_700_000_000,
        is_golf: false,
    }
}

fn built(request: &ImageRequest) -> (Summary, Entries) {
    let archive = build(request).unwrap();
    assert_eq!(archive.tar.len(), archive.summary.tar_bytes);
    (archive.summary, untar(&archive.tar))
}

fn files(entries: &Entries) -> BTreeMap<String, Vec<u8>> {
    entries.iter().map(|(name, _, content)| (name.clone(), content.clone())).collect()
}

/// Checks a manifest and all below it; gives the digest of its configuration and of its layer.
fn check_manifest(files: &BTreeMap<String, Vec<u8>>, descriptor: &Value, request: &ImageRequest, at: usize) {
    let binary = &request.platforms[at];
    let manifest = parse(follow(files, descriptor));
    assert_eq!(manifest["mediaType"], descriptor["mediaType"]);
    assert_eq!(descriptor["platform"]["architecture"], binary.target.oci_architecture);
    let config = parse(follow(files, &manifest["config"]));
    let layers = manifest["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 1);
    let layer = gunzip(follow(files, &layers[0]));
    assert_eq!(config["rootfs"], json!({"type": "layers", "diff_ids": [digest(&layer)]}));
    assert_eq!(untar(&layer), [("page".to_owned(), 0o555, binary.bytes.clone())]);
    for key in ["architecture", "os", "variant"] {
        assert_eq!(config.get(key), descriptor["platform"].get(key), "{key}");
    }
    assert_eq!(config["history"].as_array().unwrap().len(), layers.len());
    assert_eq!(config["config"]["Labels"], manifest["annotations"]);
}

#[test]
fn several_platforms_are_nested_under_one_entry() {
    let request = request(&["x86_64", "aarch64"]);
    let (summary, entries) = built(&request);
    let names: Vec<&str> = entries.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names[..2], ["blobs/", "blobs/sha256/"]);
    assert_eq!(names[names.len() - 3..], ["index.json", "manifest.json", "oci-layout"]);
    let blobs = &names[2..names.len() - 3];
    assert_eq!(blobs.len(), 7);
    assert!(blobs.is_sorted());
    for (name, mode, content) in &entries[2..entries.len() - 3] {
        assert_eq!((name, *mode), (&format!("blobs/{}", digest(content).replace(':', "/")), 0o444));
    }

    let files = files(&entries);
    assert_eq!(files["oci-layout"], br#"{"imageLayoutVersion":"1.0.0"}"#);
    let top = parse(&files["index.json"]);
    assert_eq!(top["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(
        top["manifests"][0]["annotations"],
        json!({
            "io.containerd.image.name": "docker.io/library/page:latest",
            "org.opencontainers.image.ref.name": "latest"
        })
    );
    let index = parse(follow(&files, &top["manifests"][0]));
    assert_eq!(index["mediaType"], "application/vnd.oci.image.index.v1+json");
    assert_eq!(summary.root.digest, top["manifests"][0]["digest"].as_str().unwrap());
    for (at, descriptor) in index["manifests"].as_array().unwrap().iter().enumerate() {
        check_manifest(&files, descriptor, &request, at);
        assert_eq!(parse(follow(&files, descriptor))["annotations"], index["annotations"]);
    }
    assert_eq!(index["manifests"][1]["platform"], json!({"architecture": "arm64", "os": "linux", "variant": "v8"}));
    let primary = &summary.platforms[0];
    assert_eq!(
        parse(&files["manifest.json"]),
        json!([{
            "Config": format!("blobs/{}", primary.config.digest.replace(':', "/")),
            "RepoTags": ["docker.io/library/page:latest"],
            "Layers": [format!("blobs/{}", primary.layer.digest.replace(':', "/"))]
        }])
    );
}

#[test]
fn one_platform_has_no_inner_index() {
    let request = request(&["i386"]);
    let (summary, entries) = built(&request);
    let files = files(&entries);
    let top = parse(&files["index.json"]);
    let descriptor = &top["manifests"][0];
    assert_eq!(descriptor["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    check_manifest(&files, descriptor, &request, 0);
    assert_eq!(entries.len(), 2 + 3 + 3);
    assert_eq!(summary.root, summary.platforms[0].manifest);
}

#[test]
fn the_configuration_is_pinned_byte_for_byte() {
    let (summary, entries) = built(&request(&["aarch64"]));
    let path = format!("blobs/{}", summary.platforms[0].config.digest.replace(':', "/"));
    let text = String::from_utf8(files(&entries)[&path].clone()).unwrap();
    let expected = concat!(
        r#"{"created":"2023-11-14T22:13:20Z","architecture":"arm64","os":"linux","variant":"v8","#,
        r#""config":{"User":"65532:65532","ExposedPorts":{"8080/tcp":{}},"Entrypoint":["/page"],"WorkingDir":"/","#,
        r#""Labels":{"org.opencontainers.image.created":"2023-11-14T22:13:20Z","#,
        r#""org.opencontainers.image.description":"One sentence.","#,
        r#""org.opencontainers.image.documentation":"https://example.com/acme/page","#,
        r#""org.opencontainers.image.licenses":"MIT","#,
        r#""org.opencontainers.image.source":"https://example.com/acme/page","#,
        r#""org.opencontainers.image.title":"A \"page\": тест","#,
        r#""org.opencontainers.image.url":"https://example.com/acme/page","#,
        r#""org.opencontainers.image.version":"1.2.3"}},"#,
        r#""rootfs":{"type":"layers","diff_ids":["DIFF_ID"]},"#,
        r#""history":[{"created":"2023-11-14T22:13:20Z","created_by":"asmgen"}]}"#,
    );
    let diff_id = parse(text.as_bytes())["rootfs"]["diff_ids"][0].as_str().unwrap().to_owned();
    assert_eq!(text, expected.replace("DIFF_ID", &diff_id));
}

#[test]
fn a_program_without_a_port_exposes_none() {
    let without = ImageRequest { port: None, ..request(&["x86_64"]) };
    let (summary, entries) = built(&without);
    let path = format!("blobs/{}", summary.platforms[0].config.digest.replace(':', "/"));
    assert_eq!(parse(&files(&entries)[&path])["config"].get("ExposedPorts"), None);
}

#[test]
fn every_name_gets_an_entry_and_a_repo_tag() {
    let tags = vec!["page:1".to_owned(), "ghcr.io/acme/page:2".to_owned()];
    let (_, entries) = built(&ImageRequest { tags, ..request(&["x86_64", "i386"]) });
    let files = files(&entries);
    let top = parse(&files["index.json"]);
    let [first, second] = top["manifests"].as_array().unwrap().as_slice() else { panic!("two entries") };
    assert_eq!(first["digest"], second["digest"]);
    assert_eq!(first["annotations"]["io.containerd.image.name"], "docker.io/library/page:1");
    assert_eq!(second["annotations"]["org.opencontainers.image.ref.name"], "2");
    assert_eq!(
        parse(&files["manifest.json"])[0]["RepoTags"],
        json!(["docker.io/library/page:1", "ghcr.io/acme/page:2"])
    );
}

/// A Docker without containerd takes the first platform of the request; all others find the same image either way.
#[test]
fn the_order_of_platforms_changes_what_docker_takes_and_nothing_else() {
    let build = |targets: &[&str]| built(&request(targets));
    let ((one, first), (other, second)) = (build(&["x86_64", "aarch64"]), build(&["aarch64", "x86_64"]));
    assert_eq!(one.root, other.root);
    let differing: Vec<_> = first.iter().zip(&second).filter(|(a, b)| a != b).map(|((name, ..), _)| name).collect();
    assert_eq!(differing, ["manifest.json"]);
    let config = |summary: &Summary| summary.platforms[0].config.digest.replace(':', "/");
    let docker = |entries: &Entries| parse(&files(entries)["manifest.json"])[0]["Config"].clone();
    assert_eq!(docker(&first), format!("blobs/{}", config(&one)));
    assert_eq!(docker(&second), format!("blobs/{}", config(&other)));
}

#[test]
fn an_archive_says_which_image_it_holds() {
    let named = |tags: &[&str], is_golf| {
        let tags = tags.iter().map(ToString::to_string).collect();
        let archive = super::build(&ImageRequest { tags, is_golf, ..request(&["x86_64", "aarch64"]) }).unwrap();
        let reference = |tag| reference_of(std::io::Cursor::new(&archive.tar), tag).map(|name| name.to_string());
        (archive.summary.root.digest.clone(), reference(None), reference(Some("ghcr.io/acme/page:2")))
    };
    for is_golf in [false, true] {
        let (digest, own, other) = named(&["page:1", "localhost/page:3"], is_golf);
        assert_eq!(own, Ok(format!("docker.io/library/page@{digest}")));
        assert_eq!(other, Ok(format!("ghcr.io/acme/page@{digest}")));
    }
    let error = |bytes: &[u8]| reference_of(std::io::Cursor::new(bytes), None).unwrap_err().to_string();
    let with_index = |index: &str| tar::Tar::default().file("index.json", 0o644, index.as_bytes()).finish();
    let sha = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let table = [
        (Vec::new(), "no `index.json`"),
        (vec![b'x'; 5000], "no `index.json`"),
        (tar::Tar::default().file("manifest.json", 0o644, b"[]").finish(), "no `index.json`"),
        (with_index("{"), "cannot be read"),
        (with_index(r#"{"manifests":[]}"#), "empty"),
        (with_index(r#"{"manifests":[{"digest":"sha256:00"}]}"#), "no digest"),
        (with_index(&format!(r#"{{"manifests":[{{"digest":"{}"}}]}}"#, sha("0"))), "no name"),
        (
            with_index(&format!(r#"{{"manifests":[{{"digest":"{}"}},{{"digest":"{}"}}]}}"#, sha("0"), sha("1"))),
            "several",
        ),
    ];
    for (bytes, why) in table {
        let message = error(&bytes);
        assert!(
            message.starts_with("it is not an image that `asmgen image` writes: ") && message.contains(why),
            "{message}"
        );
    }
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    let request = request(&["x86_64", "aarch64", "i386"]);
    assert_eq!(build(&request), build(&request.clone()));
    let later = ImageRequest { created_epoch_s: request.created_epoch_s + 1, ..request.clone() };
    assert_ne!(build(&request), build(&later));
}

#[test]
fn two_platforms_of_a_page_fit_in_20_kilobytes() {
    let noise: Vec<u8> = (0..3000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut request = request(&["x86_64", "aarch64"]);
    for binary in &mut request.platforms {
        binary.bytes.extend(&noise);
    }
    let (summary, _) = built(&request);
    assert!(summary.tar_bytes <= 20 * 1024, "{}", summary.tar_bytes);
}

#[test]
fn requests_that_make_no_image_are_refused() {
    let error = |request: &ImageRequest| build(request).unwrap_err();
    assert_eq!(error(&request(&[])), OciError::NoPlatform);
    assert_eq!(error(&request(&["aarch64", "aarch64"])), OciError::PlatformTwice("linux/arm64/v8".into()));
    let mut empty = request(&["x86_64"]);
    empty.platforms[0].bytes.clear();
    assert_eq!(error(&empty), OciError::EmptyBinary("linux/amd64".into()));
}

#[test]
fn the_summary_names_what_a_registry_shows() {
    let (summary, _) = built(&request(&["x86_64", "aarch64"]));
    let text = summary.to_string();
    assert!(text.contains(&format!("index                    {}", summary.root.digest)), "{text}");
    assert!(text.contains("linux/arm64/v8 manifest  sha256:"), "{text}");
    let (tar, content) = (summary.tar_bytes, summary.content_bytes);
    let end = format!("docker.io/library/page:latest: {content} bytes of content in {tar} bytes of tar");
    assert!(text.ends_with(&end), "{text}");
    assert_eq!(text.lines().count(), 1 + 3 + 3 + 1);
}

#[test]
fn a_health_check_is_the_executable_itself() {
    let config_of = |has_healthcheck| {
        let (_, entries) = built(&ImageRequest { has_healthcheck, ..request(&["x86_64"]) });
        let configs = entries.iter().filter_map(|(_, _, bytes)| serde_json::from_slice::<Value>(bytes).ok());
        configs.map(|json| json["config"].clone()).find(|config| config.get("Entrypoint").is_some()).unwrap()
    };
    let healthcheck = json!({
        "Test": ["CMD", "/page", "healthcheck"],
        "Interval": 30_000_000_000_u64,
        "Timeout": 3_000_000_000_u64,
        "StartPeriod": 10_000_000_000_u64,
        "StartInterval": 1_000_000_000_u64,
    });
    assert_eq!(config_of(true)["Healthcheck"], healthcheck);
    assert_eq!(config_of(false).get("Healthcheck"), None);
}
