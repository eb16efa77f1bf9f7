//! `docker-compose.yml` (<https://github.com/compose-spec/compose-spec>).

use super::DeployRequest;
use super::yaml::quote;
use crate::oci::USER;

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
{sysctl}{ports}    restart: {restart}
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
            r#"# Made by `asmgen COMMAND page.toml`; change the description and make it anew.
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
    fn a_privileged_port_gets_the_sysctl_and_a_greeting_is_not_restarted() {
        let server = compose(&sample::request(&sample::server(80, &[])));
        assert!(server.contains("    sysctls:\n      net.ipv4.ip_unprivileged_port_start: \"0\"\n"), "{server}");
        let hello = compose(&sample::request(&sample::hello()));
        assert!(hello.ends_with("    restart: \"no\"\n") && !hello.contains("ports"), "{hello}");
    }
}
