//! The image configuration (image-spec, config.md).

use super::content::{Annotations, Platform};
use super::healthcheck::Healthcheck;
use super::{ImageRequest, USER, created, labels};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What a runtime needs to know to start the program.
#[derive(Debug, Serialize)]
pub(super) struct Config {
    created: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    author: String,
    #[serde(flatten)]
    platform: Platform,
    #[serde(rename = "config")]
    execution: Execution,
    rootfs: RootFs,
    history: [History; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Execution {
    user: &'static str,
    /// Each port with an empty object, as the specification wants it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    exposed_ports: Map<String, Value>,
    entrypoint: [String; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<Healthcheck>,
    working_dir: &'static str,
    labels: Annotations,
}

#[derive(Debug, Serialize)]
struct RootFs {
    r#type: &'static str,
    diff_ids: [String; 1],
}

#[derive(Debug, Serialize)]
struct History {
    created: String,
    created_by: &'static str,
}

impl Config {
    /// The configuration of one platform, whose layer has the digest `diff_id` before its compression.
    pub(super) fn new(request: &ImageRequest, platform: Platform, diff_id: String) -> Self {
        let created = created::rfc3339(request.created_epoch_s);
        Self {
            created: created.clone(),
            author: request.about.authors.clone(),
            platform,
            execution: Execution {
                user: USER,
                exposed_ports: request.port.map(|port| (format!("{port}/tcp"), json!({}))).into_iter().collect(),
                // Absolute: the image has no PATH to look a name up in.
                entrypoint: [format!("/{}", request.name)],
                healthcheck: request.has_healthcheck.then(|| Healthcheck::of(&request.name)),
                working_dir: "/",
                labels: labels::of(request),
            },
            rootfs: RootFs { r#type: "layers", diff_ids: [diff_id] },
            // One entry per layer: Docker refuses an image whose history has fewer.
            history: [History { created, created_by: "asmgen" }],
        }
    }
}
