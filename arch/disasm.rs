//! Bytes back into text, by decoders that share nothing with the encoders (yaxpeax against iced and dynasm).

use yaxpeax_arch::{Decoder, LengthedInstruction, U8Reader};

use crate::target::{Machine, Target};

/// A decoded instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its length in bytes.
    pub len: usize,
    /// Its text, in the decoder's notation. Jumps are relative (`$`): to the instruction's end on x86, to its start on
    /// A64.
    pub text: String,
}

impl Line {
    /// Where a jump or a call leads, in bytes from the instruction's own start; nothing where it names no place.
    pub fn leads_to(&self, target: &Target) -> Option<i64> {
        let (_, distance) = self.text.rsplit_once('$')?;
        let (sign, digits) = distance.split_at_checked(1)?;
        let bytes = i64::from_str_radix(digits.strip_prefix("0x")?, 16).ok()?;
        let from = if target.machine == Machine::Aarch64 { 0 } else { self.len as i64 };
        match sign {
            "+" => Some(from + bytes),
            "-" => Some(from - bytes),
            _ => None,
        }
    }
}

/// Decodes the first instruction of `bytes`; `None` where there is none.
pub fn decode(target: &Target, bytes: &[u8]) -> Option<Line> {
    let overridden = overridden_prefixes(target, bytes);
    let mut reader = U8Reader::new(&bytes[overridden..]);
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
    Some(Line { len: overridden + usize::try_from(len).ok()?, text })
}

/// How many REX prefixes another REX prefix overrides. Only the last one counts (Intel SDM volume 2, 2.2.1). The
/// decoder does not know that.
fn overridden_prefixes(target: &Target, bytes: &[u8]) -> usize {
    let is_rex = |byte: &&u8| target.machine == Machine::X86_64 && **byte & 0xf0 == 0x40;
    bytes.iter().take_while(is_rex).count().saturating_sub(1)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn leads_to(target: &str, bytes: &[u8]) -> Option<i64> {
        let target = Target::by_name(target).unwrap();
        decode(target, bytes).unwrap().leads_to(target)
    }

    #[test]
    fn jumps_lead_where_the_manuals_say() {
        // To itself, over itself, and one that is no jump.
        assert_eq!(leads_to("x86_64", &[0xeb, 0xfe]), Some(0));
        assert_eq!(leads_to("i386", &[0x0f, 0x84, 0x02, 0, 0, 0]), Some(8));
        assert_eq!(leads_to("aarch64", &[0x00, 0x00, 0x00, 0x14]), Some(0));
        assert_eq!(leads_to("aarch64", &[0x41, 0x00, 0x00, 0x54]), Some(8));
        assert_eq!(leads_to("aarch64", &[0xff, 0xff, 0xff, 0x17]), Some(-4));
        assert_eq!(leads_to("x86_64", &[0x0f, 0x05]), None);
    }
}
