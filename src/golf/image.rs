//! The image of what the search found: the owner of each byte.

use asmgen_arch::golf::Packed;

use crate::canvas::{Canvas, CanvasError};
use crate::elf::template::{self, Choice};
use crate::image::{Image, Load, Owner};
use crate::options::Options;

pub(super) fn image(options: Options, packed: &Packed, choice: Choice) -> Result<Image, CanvasError> {
    let mut canvas = Canvas::default();
    let len = packed.bytes.len() as u32;
    for one in &packed.code.instructions {
        let at = (one.at - packed.base) as u32;
        let bytes = &one.bytes[..one.bytes.len().min((len - at) as usize)];
        canvas.claim(at, bytes, Owner::Code { why: one.why.clone(), variable: None })?;
    }
    // Zeros may lie after the file's end altogether.
    for &(ref name, at, bytes) in packed.data.iter().filter(|(_, _, bytes)| *bytes > 0) {
        let name = name.clone();
        canvas.claim(at, &packed.bytes[at as usize..(at + bytes) as usize], Owner::Data { name })?;
    }
    let fields = template::fields_of(options.tier, options.target, packed.base, choice, &packed.bytes);
    canvas.claim_fields(fields)?;
    for (at, byte) in (0..len).zip(&packed.bytes) {
        if !canvas.is_claimed(at) {
            canvas.claim(at, &[*byte], Owner::Pad { why: "nothing fits here".into() })?;
        }
    }
    let loads = vec![Load { file: 0..len, address: packed.base, memory_bytes: len.into(), writable: false }];
    canvas.finish(options.target, packed.base + u64::from(choice.entry), loads)
}
