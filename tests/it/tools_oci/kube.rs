//! What the manifests say, done by others than a cluster: `podman kube play`, and a user of `OpenShift`'s choice.

use std::path::PathBuf;
use std::process::Command;

use super::docker::{self, Container};
use super::images::{Image, asmgen, image, spec};
use super::podman::Podman;
use super::tool::{run, run_bytes};
use super::venv::venv;
use crate::harness::network::in_own_network;

/// The documents of `asmgen k8s` for a spec, as JSON, and the file that they are in.
pub(super) fn manifests(image: &Image, spec: &str) -> (serde_json::Value, PathBuf) {
    let file = image.folder.path().join("k8s.yaml");
    let text = run_bytes(asmgen().args(["k8s", spec, "--tag", &image.reference]));
    std::fs::write(&file, text).expect("a file");
    let script = "import json, sys, yaml\n\
        print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1], encoding='utf-8')))))";
    let said = run(venv("python").args(["-c", script]).arg(&file));
    (serde_json::from_str(&said).expect("JSON"), file)
}

/// The only container of the Deployment.
pub(super) fn container(manifests: &serde_json::Value) -> &serde_json::Value {
    &manifests[0]["spec"]["template"]["spec"]["containers"][0]
}

/// Podman with pods held by our own `pause`, whatever else the machine has for it.
fn configured(podman: &Podman, pause: &Image) -> impl Fn() -> Command {
    run(podman.command().args(["load", "-i"]).arg(&pause.tar));
    let file = pause.folder.path().join("containers.conf");
    // Podman raises these limits unasked, and fails where the test itself may not raise them.
    let text = format!(
        "[containers]\ndefault_ulimits = ['nofile=1024:1024', 'nproc=1024:1024']\n\
         [engine]\ninfra_image = '{}'\ninfra_command = '/pause'\n",
        pause.full_reference()
    );
    std::fs::write(&file, text).expect("a file");
    move || {
        let mut command = podman.command();
        command.env("CONTAINERS_CONF", &file);
        command
    }
}

/// The pod's ports are published on all addresses, so it gets a network of its own.
#[test]
fn podman_plays_the_manifests_and_finds_the_server_healthy() {
    let (page, pause) = (image("page", "linux/amd64,linux/arm64"), image("pause", "linux/amd64"));
    let (manifests, file) = manifests(&page, &spec("page"));
    let podman = Podman(&page);
    run(podman.command().args(["load", "-i"]).arg(&page.tar));
    let command = configured(&podman, &pause);
    in_own_network(|| {
        run(command().args(["kube", "play"]).arg(&file));
        let all = run(command().args(["ps", "-q", "--filter"]).arg(format!("ancestor={}", page.full_reference())));
        let inspect = |template: &str| run(command().args(["inspect", "-f", template, &all]));
        let state = || inspect("{{.State.Status}} {{.RestartCount}} {{.State.StartedAt}}");
        let began = state();
        assert!(began.starts_with("running 0 "), "{began}");
        let probe = container(&manifests)["livenessProbe"]["exec"]["command"].as_array().expect("a command");
        let probe: Vec<&str> = probe.iter().map(|word| word.as_str().expect("a word")).collect();
        let by_itself = inspect("{{index .Config.Healthcheck.Test 0}}") == "CMD";
        for _ in 0..4 {
            if by_itself {
                run(command().args(["healthcheck", "run", &all]));
            } else {
                // Podman before 4.4 gives the words to a shell, which is not in the image. Others do this.
                run(command().args(["exec", &all]).args(&probe));
            }
            assert_eq!(state(), began);
        }
        run(command().args(["pod", "rm", "-af", "-t", "0"]));
    });
}

/// `OpenShift` takes a user from the namespace's range, and group 0.
#[test]
fn it_runs_as_any_user_that_a_namespace_has() {
    let image = image("page", "linux/amd64");
    let (manifests, _) = manifests(&image, &spec("page"));
    let pod = &manifests[0]["spec"]["template"]["spec"];
    for context in [&pod["securityContext"], &container(&manifests)["securityContext"]] {
        assert!(context.get("runAsUser").is_none() && context.get("runAsGroup").is_none(), "{context}");
    }
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    let _loaded = docker::load(&image);
    // The kubelet cannot tell of a name that it is not root.
    let user = docker::inspect(&image.reference, "{{.Config.User}}");
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
    let server = Container::start(&image.reference, &["-p", "127.0.0.1::8080", "--user", "1000680000:0"]);
    assert!(docker::ask(&server, "/health").ends_with("\r\n\r\nOK"));
}
