//! What golf asks of x86. Header bytes can be prefixes, the immediate of an instruction without effect, or an addition
//! to a dead register.

use crate::choice::Rule;
use crate::isa::golf::{FileBytes, GolfIsa, PREFIXES, Way};

/// Both modes; long mode has REX prefixes.
pub(crate) struct X86Golf {
    pub(crate) is_long: bool,
}

/// Bytes of an instruction that absorbs an immediate operand of 4 bytes: `cmp eax, imm32` (3D id), `test eax, imm32`
/// (A9 id).
const ABSORB_FOUR: [u8; 2] = [0x3d, 0xa9];
/// Of 1 byte: `cmp al, imm8` (3C ib), `test al, imm8` (A8 ib).
const ABSORB_ONE: [u8; 2] = [0x3c, 0xa8];

/// The bits of a prefix that would change most instructions: longer numbers, other registers.
const REX_W_OR_B: u8 = 0b1001;

/// Registers with a byte that needs no prefix to be named: al, cl, dl, bl.
const NAMED_BYTES: u8 = 4;

impl GolfIsa for X86Golf {
    fn alignment(&self) -> u32 {
        1
    }

    fn jump_bytes(&self) -> u32 {
        2
    }

    fn jump(&self, at: u32, to: u32) -> Option<Vec<u8>> {
        let by = i8::try_from(i64::from(to) - i64::from(at) - 2).ok()?;
        Some(vec![0xeb, by as u8]) // EB cb
    }

    fn runs_through(&self, file: &dyn FileBytes, at: u32, dead_register: Option<u8>) -> Vec<Way> {
        let mut ways = prefixes_and_immediates(self.is_long, file, at);
        ways.extend(dead_register.and_then(|register| sum(file, at, register)));
        ways
    }

    fn dead_register(&self, touched: &mut dyn Iterator<Item = u64>) -> Option<u8> {
        let touched = touched.fold(0, |all, one| all | one);
        (0..NAMED_BYTES).find(|register| touched >> register & 1 == 0)
    }

    fn tolerates_prefix(&self, bytes: &[Option<u8>]) -> bool {
        tolerates_prefix(bytes)
    }

    fn has_one_length(&self) -> bool {
        false
    }

    fn has_exchange(&self) -> bool {
        true
    }
}

fn prefixes_and_immediates(is_long: bool, file: &dyn FileBytes, at: u32) -> Vec<Way> {
    let mut ways = Vec::new();
    // REX prefixes in a row are prefixes that the last of them overrides (Intel SDM volume 2, 2.2.1).
    let is_rex = |at| is_long && file.value(at).is_some_and(|value| value & 0xf0 == 0x40);
    if is_rex(at) && !file.is_free(at) {
        let to = (at..file.header()).find(|&at| !is_rex(at)).unwrap_or(file.header());
        let why = PREFIXES;
        if file.value(to - 1).is_none_or(|last| last & REX_W_OR_B != 0) {
            return ways;
        }
        ways.push(Way {
            put: Vec::new(),
            covers: to - at,
            to,
            changes_flags: false,
            prefixed: true,
            rule: Rule::Prefix,
            why,
        });
        return ways;
    }
    let absorb = |opcodes: &[u8], bytes: u32| {
        let foreign = (at + 1..=at + bytes).any(|at| !file.is_free(at));
        let known = at + bytes < file.header();
        let behind = file.is_free(at + bytes + 1);
        let fits = |opcode: &&u8| file.is_free(at) || file.value(at) == Some(**opcode) && !file.is_taken(at);
        let why = "absorbs bytes of the header as an immediate";
        let opcode = opcodes.iter().find(fits).filter(|_| foreign && known && behind)?;
        Some(Way {
            put: vec![*opcode],
            covers: 1 + bytes,
            to: at + 1 + bytes,
            changes_flags: true,
            prefixed: false,
            rule: Rule::AbsorbAsImmediate,
            why,
        })
    };
    ways.extend(absorb(&ABSORB_FOUR, 4));
    ways.extend(absorb(&ABSORB_ONE, 1));
    ways
}

/// Override prefixes that mean nothing to an instruction on registers (Intel SDM volume 2, 2.1.1): es, cs, ss, ds.
const OVERRIDES: [u8; 4] = [0x26, 0x2e, 0x36, 0x3e];

/// A zero of the header, perhaps after a prefix, as `add r/m8, r8` (00 /r): its operands are all that is put there.
fn sum(file: &dyn FileBytes, at: u32, dead_register: u8) -> Option<Way> {
    let of_header = |at: u32| file.value(at).filter(|_| !file.is_taken(at));
    let prefix = of_header(at).filter(|value| OVERRIDES.contains(value));
    let opcode = at + u32::from(prefix.is_some());
    if of_header(opcode)? != 0 || !file.is_free(opcode + 1) || opcode + 1 >= file.header() {
        return None;
    }
    let modrm = 0xc0 | dead_register << 3 | dead_register;
    let put: Vec<u8> = prefix.into_iter().chain([0, modrm]).collect();
    let (covers, why) = (put.len() as u32, "adds a register that nobody has to itself");
    Some(Way { put, covers, to: at + covers, changes_flags: true, prefixed: false, rule: Rule::Sum, why })
}

/// Does an instruction do the same after a REX prefix that may have bits R and X, but neither W nor B? 46, the last
/// letter of the magic number, is one. It does the same if it has a prefix of its own. Otherwise none of its registers
/// may be in the fields that R and X extend. And none may be the second byte of another, which an instruction with a
/// prefix cannot name.
fn tolerates_prefix(bytes: &[Option<u8>]) -> bool {
    let Some(Some(first)) = bytes.first() else { return false };
    match first {
        // REX; push and pop; xchg; cdq; mov of a number; push of a number; jumps.
        0x40..=0x5f | 0x90..=0x99 | 0xb0..=0xb3 | 0xb8..=0xbf | 0x68 | 0x6a | 0xeb | 0xe8 | 0xe9 | 0x70..=0x7f => true,
        0x0f => bytes.get(1).is_some_and(|second| *second == Some(0x05)),
        // Where the field of the register is a part of the opcode, on registers alone.
        0x83 | 0xf7 | 0xff => bytes.get(1).is_some_and(|modrm| modrm.is_some_and(|b| b >= 0xc0)),
        // The same on bytes.
        0x80 | 0xf6 | 0xfe => bytes.get(1).is_some_and(|modrm| modrm.is_some_and(|b| b >= 0xc0 && b & 7 < 4)),
        0x04 | 0x05 | 0x0c | 0x0d | 0x24 | 0x25 | 0x2c | 0x2d | 0x34 | 0x35 | 0x3c | 0x3d | 0xa8 | 0xa9 => true,
        _ => false,
    }
}
