//! `asmgen image`: the OCI image.

use std::process::ExitCode;

use asmgen::oci::{self, ImageRequest, PlatformBinary};
use asmgen::{Image, Options};

use crate::cli::ImageArgs;
use crate::output::{self, Failure};

const FILE_MODE: u32 = 0o644;

pub(super) fn run(args: &ImageArgs) -> Result<ExitCode, Failure> {
    output::is_not(args.output.as_deref(), args.source.spec.as_deref())?;
    let description = super::describe_contained(&args.source)?;
    let options: Vec<Options> = args.platform.iter().map(|&target| Options::new(target).tier(args.elf)).collect();
    let images = asmgen::build_all(&description, &options).map_err(super::of_build)?;
    let binary = |(options, image): (&Options, Image)| PlatformBinary { target: options.target, bytes: image.bytes };
    let platforms = options.iter().zip(images).map(binary).collect();
    let created = oci::created_epoch_from_env().map_err(Failure::input)?;
    let request = ImageRequest::new(&description, platforms, args.tag.clone(), created);
    let request = ImageRequest { is_golf: args.golf, ..request };
    // What it holds is in the executables by now.
    drop(description);
    let archive = oci::build(&request).map_err(Failure::input)?;
    output::binary(&archive.tar, args.output.as_deref(), FILE_MODE)?;
    if args.output.is_some() {
        output::text(&format!("{}\n", archive.summary))?;
    }
    Ok(ExitCode::SUCCESS)
}
