//! Kubernetes and Compose files under their own tools.

use super::images::{asmgen, image, spec};
use super::tool::{run, run_bytes, tool};
use super::venv::venv;
use asmgen::deploy::{self, DeployRequest};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const EXAMPLES: [&str; 3] = ["page", "pause", "hello"];

/// What a command prints for an example, as a file.
fn printed(command: &str, example: &str, folder: &TempDir) -> PathBuf {
    let file = folder.path().join(format!("{example}-{command}.yaml"));
    std::fs::write(&file, run_bytes(asmgen().args([command, &spec(example)]))).expect("a file");
    file
}

#[test]
fn kubernetes_manifests_are_valid_to_the_last_key() {
    let folder = TempDir::new().expect("a temporary folder");
    for example in EXAMPLES {
        let file = printed("k8s", example, &folder);
        run(venv("kubernetes-validate").arg("--strict").arg(&file));
        // The judge sees what is wrong.
        let text = std::fs::read_to_string(&file).expect("the manifests");
        let wrong = text.replace("readOnlyRootFilesystem", "readOnlyRootFileSystem");
        assert_ne!(text, wrong);
        std::fs::write(&file, wrong).expect("a file");
        let output = venv("kubernetes-validate").arg("--strict").arg(&file).output().expect("it runs");
        assert!(!output.status.success(), "a misspelt key was taken");
    }
}

#[test]
fn a_title_of_any_characters_survives_yaml() {
    let folder = TempDir::new().expect("a temporary folder");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join(spec("page"));
    let mut description = asmgen::spec::from_path(&example).expect("an example");
    description.name = "no".to_owned();
    let marks = "\"q\" 'a': {{x}} #c \\ &a *b !c %d | > - ? @ ` Привет 🎉";
    description.about.title = format!("{marks} \t\n\r \u{7f}\u{85}\u{a0}\u{2028}\u{feff} end");
    description.about.description.clear();
    let request = DeployRequest::new(&description, None, "a test").expect("a name");
    let file = folder.path().join("k8s.yaml");
    std::fs::write(&file, deploy::k8s_stream(&request)).expect("a file");
    let script = "import json, sys, yaml\n\
        print(json.dumps([d['metadata'] for d in yaml.safe_load_all(open(sys.argv[1], encoding='utf-8'))]))";
    let said = run(venv("python").args(["-c", script]).arg(&file));
    let metadata: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    for document in metadata.as_array().expect("documents") {
        assert_eq!(document["name"], "no");
        assert_eq!(document["annotations"]["kubernetes.io/description"], description.about.title);
    }
}

/// The digest is the one that a registry shows, and other tools take the name.
#[test]
fn an_archive_names_its_image_by_the_digest() {
    let image = image("pause", "linux/amd64,linux/arm64");
    let printed = |command: &str, options: &[&str]| {
        let file = image.folder.path().join("printed.yaml");
        let mut asmgen = asmgen();
        asmgen.args([command, &spec("pause"), "--image"]).arg(&image.tar).args(options);
        std::fs::write(&file, run_bytes(&mut asmgen)).expect("a file");
        let text = std::fs::read_to_string(&file).expect("a file");
        (file, text)
    };
    let (file, text) = printed("k8s", &["--tag", "ghcr.io/acme/pause:1.0"]);
    assert!(text.contains(&format!("image: \"ghcr.io/acme/pause@{}\"\n", image.root_digest())), "{text}");
    run(venv("kubernetes-validate").arg("--strict").arg(&file));
    let (file, _) = printed("compose", &[]);
    let config = run(tool("docker-compose").arg("-f").arg(&file).arg("config"));
    let name = image.full_reference().replace(":v1", "");
    assert!(config.contains(&format!("image: {name}@{}", image.root_digest())), "{config}");
    let tagged = format!("ghcr.io/acme/pause:1.0@{}", image.root_digest());
    for command in ["k8s", "compose"] {
        let text = run(asmgen().args([command, &spec("pause"), "--tag", &tagged]));
        assert!(text.contains(&format!("image: \"{tagged}\"")), "{text}");
    }
}

#[test]
fn kustomize_renders_the_folder() {
    let folder = TempDir::new().expect("a temporary folder");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join(spec("page"));
    let description = asmgen::spec::from_path(&example).expect("an example");
    let request = DeployRequest::new(&description, None, "a test").expect("a name");
    for (name, text) in deploy::k8s(&request) {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let rendered = run(tool("kubectl").arg("kustomize").arg(folder.path()));
    for kind in ["kind: Deployment", "kind: Service"] {
        assert!(rendered.contains(kind), "{rendered}");
    }
}

#[test]
fn compose_understands_the_file() {
    let folder = TempDir::new().expect("a temporary folder");
    for example in EXAMPLES {
        let file = printed("compose", example, &folder);
        let config = run(tool("docker-compose").arg("-f").arg(&file).arg("config"));
        assert!(config.contains(&format!("image: docker.io/library/{example}:latest")), "{config}");
        assert!(config.contains("read_only: true"), "{config}");
    }
}
