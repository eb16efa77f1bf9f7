//! The image of what the search found: who owns which byte.

use asmgen_arch::golf::Packed;
use asmgen_arch::op::Program as Ops;

use super::template::Choice;
use crate::canvas::{Canvas, CanvasError};
use crate::compile::Options;
use crate::elf::{self, fields};
use crate::image::{Image, Load, Owner};

pub(super) fn image(ops: &Ops, options: Options, packed: &Packed, choice: Choice) -> Result<Image, CanvasError> {
    let mut canvas = Canvas::default();
    let len = packed.bytes.len() as u32;
    for one in &packed.code.instructions {
        let at = (one.at - packed.base) as u32;
        let bytes = &one.bytes[..one.bytes.len().min((len - at) as usize)];
        canvas.claim(at, bytes, Owner::Code { why: one.why.clone() })?;
    }
    for &(datum, at, bytes) in &packed.data {
        let name = ops.data[usize::from(datum.0)].name.clone();
        canvas.claim(at, &packed.bytes[at as usize..(at + bytes) as usize], Owner::Data { name })?;
    }
    claim_fields(&mut canvas, options, packed, choice)?;
    for (at, byte) in (0..len).zip(&packed.bytes) {
        if !canvas.is_claimed(at) {
            canvas.claim(at, &[*byte], Owner::Pad { why: "nothing fits here".into() })?;
        }
    }
    let loads = vec![Load { file: 0..len, address: packed.base, memory_bytes: len.into(), writable: false }];
    canvas.finish(options.target, packed.base + u64::from(choice.entry), loads)
}

fn claim_fields(canvas: &mut Canvas, options: Options, packed: &Packed, choice: Choice) -> Result<(), CanvasError> {
    let Options { target, tier, .. } = options;
    let read = elf::read_fields(tier, target);
    let tables = [(fields::ehdr(target.class), 0, None), (fields::phdr(target.class), choice.program_header, Some(0))];
    for (table, start, header) in tables {
        for field in table {
            let at = (start + field.offset) as usize;
            let end = (at + field.len as usize).min(packed.bytes.len());
            if at >= end {
                continue;
            }
            let bytes = &packed.bytes[at..end];
            let value = bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
            let meaning = if read.contains(&field.name) {
                elf::meaning(target, packed.base, field.name, value)
            } else {
                "free: no loader of the layout reads it".to_owned()
            };
            let name = header.map_or_else(|| field.name.to_owned(), |number| elf::numbered(field, number));
            canvas.claim(at as u32, bytes, Owner::Field { name, meaning })?;
        }
    }
    Ok(())
}
