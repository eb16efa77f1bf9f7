//! Kubernetes manifests that hold under the restricted Pod Security Standard
//! (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>).
//!
//! The manifest names no user. The image's own is a number, so the kubelet can tell that it is not root. `OpenShift`
//! gives each namespace a range of users and refuses all others.

use super::DeployRequest;
use super::facts::STOP_RESERVE_S;
use super::yaml::quote;
use crate::oci::healthcheck;

/// Name of the port in the pod; the Service and the probes refer to it.
const PORT_NAME: &str = "http";
/// Time until no node and no proxy sends requests to a pod that is to end, in seconds. The kubelet stops the pod at the
/// same moment at which the Service begins to forget it.
const FORGET_S: u32 = 5;
/// What the kubelet waits for a pod to stop where it is not told, in seconds.
const DEFAULT_GRACE_S: u32 = 30;
/// Longest name of a Service in bytes (RFC 1035 label).
const SERVICE_NAME_MAX_BYTES: usize = 63;
/// The command `kubectl apply -k` reads this one; `kubectl apply -f` does not know it.
const KUSTOMIZATION: &str = "kustomization.yaml";

/// The manifests as files of a folder for `kubectl apply -k`: name and text.
pub fn k8s(request: &DeployRequest) -> Vec<(&'static str, String)> {
    let mut files = vec![workload(request)];
    files.extend(request.port.map(|_| ("service.yaml", service(request))));
    let resources: Vec<_> = files.iter().map(|(name, _)| format!("  - {name}\n")).collect();
    let resources = resources.concat();
    let kustomization =
        format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{resources}");
    files.push((KUSTOMIZATION, kustomization));
    files.into_iter().map(|(name, text)| (name, request.first_line() + &text)).collect()
}

/// The manifests as one YAML stream for `kubectl apply -f -`.
pub fn k8s_stream(request: &DeployRequest) -> String {
    let documents: Vec<String> =
        k8s(request).into_iter().filter(|(name, _)| *name != KUSTOMIZATION).map(|(_, text)| text).collect();
    documents.join("---\n")
}

/// A Deployment; a Job for a program that ends by itself, which a Deployment would start over and over.
fn workload(request: &DeployRequest) -> (&'static str, String) {
    let metadata = metadata(request, &quote(&request.name));
    let pod = pod(request);
    let name = quote(&request.name);
    if request.runs_once {
        let job = format!("apiVersion: batch/v1\nkind: Job\n{metadata}spec:\n  template:\n{pod}");
        return ("job.yaml", job);
    }
    let deployment = format!(
        "apiVersion: apps/v1
kind: Deployment
{metadata}spec:
  replicas: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
{pod}"
    );
    ("deployment.yaml", deployment)
}

fn metadata(request: &DeployRequest, object_name: &str) -> String {
    let name = quote(&request.name);
    let version = Some(&request.about.version)
        .filter(|version| is_label_value(version))
        .map(|version| format!("    app.kubernetes.io/version: {}\n", quote(version)))
        .unwrap_or_default();
    let description = human_text(request)
        .map(|text| format!("  annotations:\n    kubernetes.io/description: {}\n", quote(&text)))
        .unwrap_or_default();
    format!(
        "metadata:
  name: {object_name}
  labels:
    app.kubernetes.io/name: {name}
{version}{description}"
    )
}

/// The title where it says more than the name, and the description.
fn human_text(request: &DeployRequest) -> Option<String> {
    let about = &request.about;
    let title = Some(about.title.as_str()).filter(|title| *title != request.name);
    let parts: Vec<&str> =
        title.into_iter().chain([about.description.as_str()]).filter(|text| !text.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(": "))
}

/// The pod template, at the indentation of a Deployment's and a Job's `template`.
fn pod(request: &DeployRequest) -> String {
    let (name, image) = (quote(&request.name), quote(&request.image.to_string()));
    let sysctls = if request.port_is_privileged() {
        "        sysctls:
          - name: net.ipv4.ip_unprivileged_port_start
            value: \"0\"
"
    } else {
        ""
    };
    let restart = if request.runs_once { "      restartPolicy: Never\n" } else { "" };
    let port = request.port.map(|port| port_and_probes(request, port)).unwrap_or_default();
    // The time before SIGTERM counts.
    let grace_s = pre_stop_s(request) + request.stop_s.unwrap_or_default() + STOP_RESERVE_S;
    let grace = if grace_s > DEFAULT_GRACE_S {
        format!("      terminationGracePeriodSeconds: {grace_s}\n")
    } else {
        String::new()
    };
    let memory = request
        .memory_mib
        .map(|mib| format!("            limits:\n              memory: {mib}Mi\n"))
        .unwrap_or_default();
    format!(
        "    metadata:
      labels:
        app.kubernetes.io/name: {name}
    spec:
{restart}{grace}      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
{sysctls}      containers:
        - name: {name}
          image: {image}
          imagePullPolicy: IfNotPresent
{port}          resources:
            requests:
              cpu: 1m
              memory: 1Mi
{memory}          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop:
                - ALL
"
    )
}

fn port_and_probes(request: &DeployRequest, port: u16) -> String {
    let check = match &request.health_path {
        Some(path) => format!("            httpGet:\n              path: {}\n", quote(path)),
        None => "            tcpSocket:\n".to_owned(),
    };
    let (liveness, pre_stop) = (liveness(request), pre_stop(request));
    format!(
        "          ports:
            - name: {PORT_NAME}
              containerPort: {port}
{pre_stop}{liveness}          readinessProbe:
{check}              port: {PORT_NAME}
"
    )
}

/// The executable asks itself: `podman kube play` makes a shell and curl of `httpGet`, and the image has neither. A
/// server without the command has no such probe. It exits when something is wrong, which needs no probe. A server of
/// one connection at a time would be killed for being busy.
fn liveness(request: &DeployRequest) -> String {
    if !request.has_healthcheck {
        return String::new();
    }
    let [program, argument] = healthcheck::command(&request.name);
    format!(
        "          livenessProbe:
            exec:
              command:
                - {}
                - {}
            timeoutSeconds: {}
",
        quote(&program),
        quote(&argument),
        healthcheck::TIMEOUT_S
    )
}

/// Keeps the program at work until no more requests come. The kubelet itself sleeps, since the image has no `sleep`.
fn pre_stop(request: &DeployRequest) -> String {
    match pre_stop_s(request) {
        0 => String::new(),
        seconds => format!(
            "          lifecycle:
            preStop:
              sleep:
                seconds: {seconds}
"
        ),
    }
}

/// Seconds from the pod's end to SIGTERM: what the program's own drain leaves of the time that is needed.
fn pre_stop_s(request: &DeployRequest) -> u32 {
    if request.port.is_some() { FORGET_S.saturating_sub(request.drain_s) } else { 0 }
}

fn service(request: &DeployRequest) -> String {
    let metadata = metadata(request, &quote(&service_name(&request.name)));
    let name = quote(&request.name);
    format!(
        "apiVersion: v1
kind: Service
{metadata}spec:
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - name: {PORT_NAME}
      port: 80
      targetPort: {PORT_NAME}
"
    )
}

/// A Service's name is part of a host name by the older rule (RFC 1035), so it begins with a letter. Names of other
/// objects may begin with a digit (RFC 1123).
fn service_name(name: &str) -> String {
    if name.starts_with(|letter: char| letter.is_ascii_digit()) {
        let long = format!("s-{name}");
        return long[..long.len().min(SERVICE_NAME_MAX_BYTES)].trim_end_matches('-').to_owned();
    }
    name.to_owned()
}

/// May a label have this value? (Kubernetes, "Labels and Selectors", syntax and character set.)
fn is_label_value(text: &str) -> bool {
    let is_end = |letter: char| letter.is_ascii_alphanumeric();
    text.len() <= 63
        && text.starts_with(is_end)
        && text.ends_with(is_end)
        && text.chars().all(|letter| is_end(letter) || matches!(letter, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::sample;
    use crate::spec::{Description, EpollSettings, Program, Workers};

    fn text(description: &Description) -> String {
        k8s_stream(&sample::request(description))
    }

    #[test]
    fn a_server_with_a_health_route() {
        let golden = r#"# Made by `asmgen COMMAND page.toml`; to change it, change the description and run this again.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: "page"
  labels:
    app.kubernetes.io/name: "page"
spec:
  replicas: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: "page"
  template:
    metadata:
      labels:
        app.kubernetes.io/name: "page"
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: "page"
          image: "docker.io/library/page:latest"
          imagePullPolicy: IfNotPresent
          ports:
            - name: http
              containerPort: 8080
          lifecycle:
            preStop:
              sleep:
                seconds: 5
          readinessProbe:
            httpGet:
              path: "/health"
              port: http
          resources:
            requests:
              cpu: 1m
              memory: 1Mi
            limits:
              memory: 16Mi
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop:
                - ALL
---
# Made by `asmgen COMMAND page.toml`; to change it, change the description and run this again.
apiVersion: v1
kind: Service
metadata:
  name: "page"
  labels:
    app.kubernetes.io/name: "page"
spec:
  selector:
    app.kubernetes.io/name: "page"
  ports:
    - name: http
      port: 80
      targetPort: http
"#;
        assert_eq!(text(&sample::server(8080, &["/", "/health"])), golden);
    }

    #[test]
    fn probes_connect_where_nothing_answers_with_success() {
        let yaml = text(&sample::server(8080, &[]));
        assert!(yaml.contains("readinessProbe:\n            tcpSocket:\n              port: http\n"), "{yaml}");
        assert!(!yaml.contains("httpGet") && !yaml.contains("sysctls"), "{yaml}");
    }

    #[test]
    fn probes_ask_what_is_answered_with_success() {
        let ill = |mut description: crate::spec::Description, path: &str, status: u16| {
            let Program::Server(server) = &mut description.program else { unreachable!("it is a server") };
            let route = server.routes.iter_mut().find(|route| route.path == path).expect("it has that route");
            route.reply.status = status;
            text(&description)
        };
        let paths = ["/health", "/healthz", "/other"];
        for status in [404, 503, 308] {
            let blocking = ill(sample::server(8080, &paths), "/health", status);
            assert!(blocking.contains("path: \"/healthz\"") && !blocking.contains("\"/health\""), "{blocking}");
            // The description is made by hand: nothing else is asked in place of what it says.
            let epoll = ill(sample::epoll(&paths), "/health", status);
            assert!(epoll.contains("tcpSocket") && !epoll.contains("httpGet"), "{epoll}");
        }
        let mut asked = sample::epoll(&paths);
        let Program::Server(server) = &mut asked.program else { unreachable!("it is a server") };
        server.epoll.healthcheck = "/other".into();
        let yaml = text(&asked);
        assert!(yaml.contains("path: \"/other\"") && !yaml.contains("path: \"/health"), "{yaml}");
    }

    #[test]
    fn a_privileged_port_gets_the_safe_sysctl() {
        let yaml = text(&sample::server(80, &[]));
        let sysctl =
            "        sysctls:\n          - name: net.ipv4.ip_unprivileged_port_start\n            value: \"0\"\n";
        assert!(yaml.contains(sysctl), "{yaml}");
    }

    #[test]
    fn an_epoll_server_has_what_its_settings_need() {
        let with = |change: fn(&mut EpollSettings)| {
            let mut description = sample::epoll(&["/health"]);
            let Program::Server(server) = &mut description.program else { unreachable!("it is a server") };
            change(&mut server.epoll);
            text(&description)
        };
        let usual = with(|_| {});
        assert!(usual.contains("httpGet:\n              path: \"/health\"\n"), "{usual}");
        // 16384 connections of 8 KiB, 256 requests of 16 KiB, and three times 16 MiB and 4 KiB for each connection.
        assert!(
            usual.contains(
                "            limits:
              memory: 388Mi
"
            ),
            "{usual}"
        );
        assert!(!with(|epoll| epoll.workers = Workers::Cores).contains("limits"));
        let liveness = "          livenessProbe:
            exec:
              command:
                - \"/page\"
                - \"healthcheck\"
            timeoutSeconds: 3
          readinessProbe:
";
        assert!(usual.contains(liveness), "{usual}");
    }

    #[test]
    fn no_request_is_lost_while_the_service_forgets_a_pod() {
        let with = |drain_s, stop_timeout_s| {
            let mut description = sample::epoll(&["/health"]);
            let Program::Server(server) = &mut description.program else { unreachable!("it is a server") };
            (server.epoll.drain_s, server.epoll.stop_timeout_s) = (drain_s, stop_timeout_s);
            let yaml = text(&description);
            let number_after = |key: &str| {
                let (_, rest) = yaml.split_once(key)?;
                rest.lines().next()?.trim().parse::<u32>().ok()
            };
            (number_after("sleep:\n                seconds:"), number_after("terminationGracePeriodSeconds:"))
        };
        assert_eq!(with(0, 10), (Some(5), None));
        assert_eq!(with(2, 10), (Some(3), None));
        assert_eq!(with(5, 10), (None, None));
        assert_eq!(with(30, 10), (None, Some(42)));
        // The kubelet waits 5 + 23 + 2 seconds by default, and no second longer.
        assert_eq!(with(0, 23), (Some(5), None));
        assert_eq!(with(0, 24), (Some(5), Some(31)));
        assert!(!text(&sample::hello()).contains("lifecycle"));
    }

    #[test]
    fn a_greeting_is_a_job_without_probes_and_service() {
        let files = k8s(&sample::request(&sample::hello()));
        let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["job.yaml", "kustomization.yaml"]);
        assert!(files[0].1.contains("kind: Job\n") && files[0].1.contains("      restartPolicy: Never\n"));
        assert!(!files[0].1.contains("Probe") && !files[0].1.contains("ports"));
        assert!(files[1].1.ends_with("resources:\n  - job.yaml\n"));
    }

    #[test]
    fn what_people_wrote_is_quoted_or_left_out() {
        let mut page = sample::server(8080, &[]);
        page.about.title = "A \"page\": тест".into();
        page.about.description = "One\nsentence".into();
        page.about.version = "1.2.3".into();
        let yaml = text(&page);
        assert!(yaml.contains(r#"    kubernetes.io/description: "A \"page\": тест: One\nsentence""#), "{yaml}");
        assert!(yaml.contains("    app.kubernetes.io/version: \"1.2.3\"\n"), "{yaml}");
        for version in ["", "1.0 beta", "-1", "1+2", &"1".repeat(64)] {
            page.about.version = version.into();
            assert!(!text(&page).contains("kubernetes.io/version"), "{version}");
        }
    }

    #[test]
    fn a_service_begins_with_a_letter() {
        assert_eq!(service_name("page"), "page");
        assert_eq!(service_name("404"), "s-404");
        assert_eq!(service_name(&format!("4{}-x", "a".repeat(60))), format!("s-4{}", "a".repeat(60)));
        let mut page = sample::server(8080, &[]);
        page.name = "404".into();
        assert!(text(&page).contains("kind: Service\nmetadata:\n  name: \"s-404\"\n"));
    }
}
