//! Demanded bytes: slots of which only the lowest byte matters. Code loads, compares, tests and stores them as bytes.
//! It need not clear the upper bits, and instructions on bytes are shorter.
//!
//! ```text
//! movzx eax, byte [m]    0F B6 /r    3      mov al, [m]     8A /r       2
//! xor eax, eax; lodsb    31 C0 AC    3      lodsb           AC          1
//! sub eax, imm8          83 /5 ib    3      sub al, imm8    2C ib       2
//! cmp eax, edx           39 /r       2      cmp al, dl      38 /r       2
//! ```

use super::regs::ESP;
use crate::bitset::Set;
use crate::ir::op::{BinOp, Cond, Op, Operand, Program, Slot, Width};
use crate::regalloc::Allocation;

/// What a slot is used for, as far as its lowest byte tells all of it.
#[derive(Clone, Copy, Default)]
struct Use {
    /// It is more than a byte somewhere.
    is_more: bool,
    /// So much is subtracted from it, all in all; and what it is compared with at most.
    less: i64,
    most: i64,
    /// Bits of it are cleared or turned.
    has_mask: bool,
}

/// The slots, given where they live: their bytes need names.
pub(super) fn demanded_bytes(program: &Program, slots: &Allocation) -> Set {
    let mut uses = vec![Use::default(); program.slots.len()];
    let mut pairs = Vec::new();
    let at = |slot: Slot| usize::from(slot.0);
    for inst in &program.insts {
        match inst.op {
            Op::Load { width: Width::Byte, ref from, .. } => {
                from.base.slots().for_each(|slot| uses[at(slot)].is_more = true);
            }
            Op::Store { width: Width::Byte, ref to, value: Operand::Slot(_) } => {
                to.base.slots().for_each(|slot| uses[at(slot)].is_more = true);
            }
            Op::Branch { left, cond, right: Operand::Const(value), .. } if compares(cond, value) => {
                uses[at(left)].most = uses[at(left)].most.max(value);
            }
            Op::Branch { left, cond: Cond::Eq | Cond::Ne, right: Operand::Slot(right), .. } => {
                pairs.push([at(left), at(right)]);
                // Where something has been subtracted, what is above the byte differs.
                uses[at(left)].most = 255;
                uses[at(right)].most = 255;
            }
            Op::BranchBits { bits: 0..=0xff, value, .. } => uses[at(value)].most = 255,
            Op::Binary { operator: BinOp::Or, value: Operand::Const(0..=255), .. } => {}
            Op::Binary { operator: BinOp::And | BinOp::Xor, to, value: Operand::Const(0..=255) } => {
                uses[at(to)].has_mask = true;
            }
            Op::Binary { operator: BinOp::Sub, to, value: Operand::Const(value @ 0..=255) } => {
                uses[at(to)].less += value;
            }
            _ => inst.op.uses().into_iter().chain(inst.op.defines()).for_each(|slot| uses[at(slot)].is_more = true),
        }
    }
    let mut demanded = Set::with_room(program.slots.len());
    for (slot, used) in uses.iter().enumerate() {
        let tells = used.less == 0 || !used.has_mask && used.less + used.most < 256;
        if !used.is_more && tells && slots.assigned(Slot(slot as u16)) < ESP {
            demanded.insert(slot);
        }
    }
    // Both sides of a comparison are bytes, or neither is.
    while let Some([one, other]) =
        pairs.iter().find(|[one, other]| demanded.contains(*one) != demanded.contains(*other))
    {
        demanded.remove(*one);
        demanded.remove(*other);
    }
    demanded
}

/// Does a comparison of bytes tell what one of numbers tells?
fn compares(cond: Cond, value: i64) -> bool {
    match cond {
        Cond::Eq | Cond::Ne => (0..=255).contains(&value),
        Cond::Below | Cond::BelowOrEqual | Cond::AboveOrEqual | Cond::Above => (1..=255).contains(&value),
        Cond::Lt | Cond::Le | Cond::Ge | Cond::Gt => false,
    }
}
