//! Images and manifests under the tools that people use. A tool that is not there fails the test and says how to get
//! it. Nothing is touched that the test did not make: names hold the process id, and services run on their own
//! folders, ports and sockets.

mod containerd;
mod deploy;
mod docker;
mod dockerfile;
mod epoll;
mod from;
mod golf;
mod images;
mod kube;
mod layers;
mod make;
mod podman;
mod qemu;
mod registry;
mod rolling;
mod schemas;
mod skopeo;
mod tool;
mod umoci;
mod venv;
