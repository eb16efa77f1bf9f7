//! The image configuration (image-spec, config.md).

use super::content::{Annotations, Platform};
use super::healthcheck::Healthcheck;
use super::{ImageRequest, USER, labels};
use crate::date;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What a runtime needs to know to start the program.
#[derive(Debug, Default, Serialize)]
pub(super) struct Config {
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    author: String,
    #[serde(flatten)]
    platform: Platform,
    #[serde(rename = "config")]
    execution: Execution,
    rootfs: RootFs,
    /// One entry per layer, even if it says nothing. Docker refuses an image with a shorter history. Podman 4.3 does
    /// not build on an image without a history, Quay takes nothing that is built on one, and Skopeo cannot convert it.
    history: [History; 1],
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Execution {
    user: &'static str,
    /// Each port with an empty object, as the specification requires.
    #[serde(skip_serializing_if = "Map::is_empty")]
    exposed_ports: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entrypoint: Option<[String; 1]>,
    /// Starts the program where there is no entry point.
    #[serde(skip_serializing_if = "Option::is_none")]
    cmd: Option<[String; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<Healthcheck>,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_dir: Option<&'static str>,
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    labels: Annotations,
}

#[derive(Debug, Default, Serialize)]
struct RootFs {
    r#type: &'static str,
    diff_ids: [String; 1],
}

#[derive(Debug, Default, Serialize)]
struct History {
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<&'static str>,
}

impl Config {
    /// The configuration of one platform. Its layer has the digest `diff_id` before compression.
    pub(super) fn new(request: &ImageRequest, platform: Platform, diff_id: String) -> Self {
        let rootfs = RootFs { r#type: "layers", diff_ids: [diff_id] };
        if request.is_golf {
            return Self { platform, execution: Execution::least(request), rootfs, ..Self::default() };
        }
        let created = date::rfc3339(request.created_epoch_s);
        Self {
            created: Some(created.clone()),
            author: request.about.authors.clone(),
            platform,
            execution: Execution::full(request),
            rootfs,
            history: [History { created: Some(created), created_by: Some("asmgen") }],
        }
    }
}

impl Execution {
    fn full(request: &ImageRequest) -> Self {
        Self {
            user: USER,
            exposed_ports: request.port.map(|port| (format!("{port}/tcp"), json!({}))).into_iter().collect(),
            entrypoint: Some([path(request)]),
            cmd: None,
            healthcheck: request.has_healthcheck.then(|| Healthcheck::of(&request.name)),
            working_dir: Some("/"),
            labels: labels::of(request),
        }
    }

    /// How to start the program as an unprivileged user.
    fn least(request: &ImageRequest) -> Self {
        Self { user: USER, cmd: Some([path(request)]), ..Self::default() }
    }
}

/// Of the executable; absolute, as the image has no PATH to look a name up in.
fn path(request: &ImageRequest) -> String {
    format!("/{}", request.name)
}
