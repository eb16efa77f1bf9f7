//! `Dockerfile.scratch`: Docker builds the image from the executables.

use super::DeployRequest;
use super::facts::one_line;
use crate::oci::{USER, healthcheck};
use asmgen_arch::Target;

/// The default machines of an image.
const IMAGE_TARGETS: [&str; 2] = ["x86_64", "aarch64"];

/// The Dockerfile. It is built in a folder that holds `NAME.amd64`, `NAME.arm64`, …, executable files:
/// `docker build -f Dockerfile.scratch --build-arg TARGETARCH=amd64 FOLDER`. `BuildKit` sets `TARGETARCH` by itself; a
/// builder without it takes `primary` where the argument is left out. The default is at its use, as one in `ARG` would
/// take the place of the value that `BuildKit` sets.
pub fn dockerfile(request: &DeployRequest, primary: &Target) -> String {
    let DeployRequest { name, .. } = request;
    let first_line = request.first_line() + &how_to_build(request);
    let architecture = primary.oci_architecture;
    let expose = request.port.map(|port| format!("EXPOSE {port}/tcp\n")).unwrap_or_default();
    let [program, argument] = healthcheck::command(name);
    let healthcheck = if request.has_healthcheck {
        let (interval_s, timeout_s) = (healthcheck::INTERVAL_S, healthcheck::TIMEOUT_S);
        let start_s = healthcheck::START_PERIOD_S;
        format!(
            "HEALTHCHECK --interval={interval_s}s --timeout={timeout_s}s --start-period={start_s}s \
             CMD [\"{program}\", \"{argument}\"]\n"
        )
    } else {
        String::new()
    };
    format!(
        "{first_line}FROM scratch\n\
         ARG TARGETARCH\n\
         COPY {name}.${{TARGETARCH:-{architecture}}} /{name}\n\
         USER {USER}\n\
         {expose}\
         {healthcheck}\
         ENTRYPOINT [\"/{name}\"]\n"
    )
}

/// The commands that make the files it copies, and the image.
fn how_to_build(request: &DeployRequest) -> String {
    let name = &request.name;
    let source = one_line(&request.source);
    let words = ["asmgen", &source].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let build = |target: &&Target| {
        let file = format!("{name}.{}", target.oci_architecture);
        format!("#   {words} --target {} -o {file} && chmod 555 {file}\n", target.name)
    };
    let builds: Vec<String> =
        IMAGE_TARGETS.iter().filter_map(|name| Target::by_name(name)).map(|it| build(&it)).collect();
    format!(
        "# The executables that it copies, and the image:\n{}#   docker build -t {name} -f THIS_FILE .\n",
        builds.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::sample;

    #[test]
    fn a_server() {
        let target = Target::by_name("x86_64").unwrap();
        assert_eq!(
            dockerfile(&sample::request(&sample::server(8080, &[])), target),
            "# Made by `asmgen COMMAND page.toml`; to change it, change the description and run this again.\n\
             # The executables that it copies, and the image:\n\
             #   asmgen --target x86_64 -o page.amd64 && chmod 555 page.amd64\n\
             #   asmgen --target aarch64 -o page.arm64 && chmod 555 page.arm64\n\
             #   docker build -t page -f THIS_FILE .\n\
             FROM scratch\n\
             ARG TARGETARCH\n\
             COPY page.${TARGETARCH:-amd64} /page\n\
             USER 65532:65532\n\
             EXPOSE 8080/tcp\n\
             ENTRYPOINT [\"/page\"]\n"
        );
    }

    #[test]
    fn a_server_with_a_health_check() {
        let target = Target::by_name("x86_64").unwrap();
        let text = dockerfile(&sample::request(&sample::epoll(&["/health"])), target);
        let line = "HEALTHCHECK --interval=30s --timeout=3s --start-period=10s CMD [\"/page\", \"healthcheck\"]\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn a_program_without_a_port_exposes_none() {
        let target = Target::by_name("aarch64").unwrap();
        assert!(!dockerfile(&sample::request(&sample::hello()), target).contains("EXPOSE"));
    }
}
