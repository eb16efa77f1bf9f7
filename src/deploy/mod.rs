//! Files that put an image to work: for Kubernetes, for Compose, and a Dockerfile for builds by Docker.

pub mod compose;
pub mod dockerfile;
pub mod k8s;

mod facts;
#[cfg(test)]
mod sample;
mod yaml;

pub use compose::compose;
pub use dockerfile::dockerfile;
pub use facts::DeployRequest;
pub use k8s::{k8s, k8s_stream};
