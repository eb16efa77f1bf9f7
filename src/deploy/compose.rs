//! `docker-compose.yml` (<https://github.com/compose-spec/compose-spec>).

use super::DeployRequest;
use super::facts::STOP_RESERVE_S;
use super::yaml::quote;
use crate::oci::{USER, healthcheck};

/// What Compose waits for a service to stop where it is not told, in seconds.
const DEFAULT_GRACE_S: u32 = 10;

/// The Compose file: one service with all rights taken away.
pub fn compose(request: &DeployRequest) -> String {
    let (name, image) = (quote(&request.name), quote(&request.image.to_string()));
    let first_line = request.first_line();
    let restart = if request.runs_once { "\"no\"" } else { "unless-stopped" };
    let sysctl = if request.port_is_privileged() {
        "    sysctls:\n      net.ipv4.ip_unprivileged_port_start: \"0\"\n"
    } else {
        ""
    };
    // Quoted: YAML 1.1 reads some pairs of numbers as one number to the base 60.
    let ports = request.port.map(|port| format!("    ports:\n      - \"{port}:{port}\"\n")).unwrap_or_default();
    let [program, argument] = healthcheck::command(&request.name);
    let healthcheck = if request.has_healthcheck {
        // The image says the same, but not to every runtime.
        format!(
            "    healthcheck:
      test: [\"CMD\", {}, {}]
      interval: {}s
      timeout: {}s
      start_period: {}s
",
            quote(&program),
            quote(&argument),
            healthcheck::INTERVAL_S,
            healthcheck::TIMEOUT_S,
            healthcheck::START_PERIOD_S
        )
    } else {
        String::new()
    };
    let grace = match request.stop_s.map(|stop_s| stop_s + STOP_RESERVE_S) {
        Some(grace_s) if grace_s > DEFAULT_GRACE_S => format!("    stop_grace_period: {grace_s}s\n"),
        _ => String::new(),
    };
    format!(
        "{first_line}services:
  {name}:
    image: {image}
    user: \"{USER}\"
    read_only: true
    cap_drop:
      - ALL
    security_opt:
      - no-new-privileges:true
{sysctl}{ports}{healthcheck}{grace}    restart: {restart}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::sample;

    #[test]
    fn a_server() {
        assert_eq!(
            compose(&sample::request(&sample::server(8080, &["/health"]))),
            r#"# Made by `asmgen COMMAND page.toml`; to change it, change the description and run this again.
services:
  "page":
    image: "docker.io/library/page:latest"
    user: "65532:65532"
    read_only: true
    cap_drop:
      - ALL
    security_opt:
      - no-new-privileges:true
    ports:
      - "8080:8080"
    restart: unless-stopped
"#
        );
    }

    #[test]
    fn a_server_with_a_health_check() {
        let text = compose(&sample::request(&sample::epoll(&["/health"])));
        let lines = "    healthcheck:
      test: [\"CMD\", \"/page\", \"healthcheck\"]
      interval: 30s
      timeout: 3s
      start_period: 10s
    stop_grace_period: 12s
    restart: unless-stopped
";
        assert!(text.ends_with(lines), "{text}");
        assert!(!compose(&sample::request(&sample::epoll(&[]))).contains("healthcheck"));
    }

    #[test]
    fn a_privileged_port_gets_the_sysctl_and_a_greeting_is_not_restarted() {
        let server = compose(&sample::request(&sample::server(80, &[])));
        assert!(server.contains("    sysctls:\n      net.ipv4.ip_unprivileged_port_start: \"0\"\n"), "{server}");
        let hello = compose(&sample::request(&sample::hello()));
        assert!(hello.ends_with("    restart: \"no\"\n") && !hello.contains("ports"), "{hello}");
    }
}
