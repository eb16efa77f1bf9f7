//! Bytes back into text, by decoders that share nothing with the encoders (yaxpeax against iced and dynasm).

use yaxpeax_arch::{Decoder, LengthedInstruction, U8Reader};

use crate::target::{Machine, Target};

/// A decoded instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its length in bytes.
    pub len: usize,
    /// Its text, in the decoder's notation; jumps are relative to the instruction's own start (`$`).
    pub text: String,
}

/// Decodes the first instruction of `bytes`; `None` where there is none.
pub fn decode(target: &Target, bytes: &[u8]) -> Option<Line> {
    let mut reader = U8Reader::new(bytes);
    let (len, text) = match target.machine {
        Machine::X86_64 => {
            let one = yaxpeax_x86::long_mode::InstDecoder::default().decode(&mut reader).ok()?;
            (one.len().to_const(), one.to_string())
        }
        Machine::I386 => {
            let one = yaxpeax_x86::protected_mode::InstDecoder::default().decode(&mut reader).ok()?;
            (u64::from(one.len().to_const()), one.to_string())
        }
        Machine::Aarch64 => {
            let one = yaxpeax_arm::armv8::a64::InstDecoder::default().decode(&mut reader).ok()?;
            (one.len().to_const(), one.to_string())
        }
    };
    Some(Line { len: usize::try_from(len).ok()?, text })
}

/// Decodes instructions until the bytes end; what is none shows as `(bad)`.
pub fn decode_all(target: &Target, mut bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    while !bytes.is_empty() {
        match decode(target, bytes) {
            Some(line) if line.len > 0 && line.len <= bytes.len() => {
                bytes = &bytes[line.len..];
                lines.push(line.text);
            }
            _ => {
                lines.push("(bad)".into());
                break;
            }
        }
    }
    lines
}
