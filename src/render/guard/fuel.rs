//! Gives a pixel a number of operations and takes each turn of each loop from it. When it is used up every loop ends, so that
//! the work of a pixel is bounded by a constant, whatever the text says: a wrong picture, not a device that hangs.
//!
//! A loop's turn costs its whole body, loops within it counted once more by themselves; what lies outside of loops runs once
//! and is bounded by [`census`](super::census).

use wgpu::naga::valid::ModuleInfo;
use wgpu::naga::{
    AddressSpace, BinaryOperator, Block, Expression, Function, GlobalVariable, Handle, Literal, MemoryDecorations,
    Module, Scalar, Span, Statement, Type, TypeInner,
};

use super::census::{Costs, Meter};

/// Operations of one call of `theme_still`: it runs three times a pixel once a circle, and may look around.
const STILL_FUEL: u32 = 200_000;
/// Operations of one call of `theme_color`. A pixel that takes this many takes a thousand times as long as a good theme's.
const COLOR_FUEL: u32 = 20_000;

/// Puts the meter into every loop but the entry points' own, which are ours. Without a loop nothing is changed.
pub(super) fn meter(module: &mut Module, facts: &ModuleInfo, costs: &Costs) {
    let charges = charges(module, facts, costs);
    if charges.iter().all(Vec::is_empty) {
        return;
    }
    let number = Type {
        name: None,
        inner: TypeInner::Scalar(Scalar::U32),
    };
    let ty = module.types.insert(number, Span::UNDEFINED);
    // No text can name it: it is added behind the compiler.
    let fuel = module.global_variables.append(
        GlobalVariable {
            name: Some("fuel".to_owned()),
            space: AddressSpace::Private,
            binding: None,
            ty,
            init: None,
            memory_decorations: MemoryDecorations::empty(),
        },
        Span::UNDEFINED,
    );
    let named = |name: &str| {
        let found = module
            .functions
            .iter()
            .find(|(_, function)| function.name.as_deref() == Some(name));
        found.map(|(handle, _)| handle)
    };
    let starts = [(named("theme_still"), STILL_FUEL), (named("theme_color"), COLOR_FUEL)];
    // Only the entry points' code fills it up: a theme that calls `theme_color` itself does so on what it has.
    let callers: Vec<_> = ["still_in_circle", "pixel_color"]
        .into_iter()
        .filter_map(named)
        .collect();
    for ((handle, function), charges) in module.functions.iter_mut().zip(charges) {
        let mut gauge = Gauge { fuel, function };
        let mut charges = charges.into_iter();
        let mut body = std::mem::take(&mut gauge.function.body);
        gauge.loops(&mut body, &mut charges);
        if callers.contains(&handle) {
            gauge.fill(&mut body, &starts);
        }
        gauge.function.body = body;
    }
}

/// What a turn of each loop costs, function by function, in the order [`Gauge::loops`] meets them.
fn charges(module: &Module, facts: &ModuleInfo, costs: &Costs) -> Vec<Vec<u32>> {
    let of_function = |(handle, function): (Handle<Function>, &Function)| {
        let meter = Meter {
            module,
            function,
            facts: &facts[handle],
            costs,
        };
        let mut charges = Vec::new();
        collect(&meter, &function.body, &mut charges);
        charges
    };
    module.functions.iter().map(of_function).collect()
}

fn collect(meter: &Meter<'_>, block: &Block, charges: &mut Vec<u32>) {
    for statement in block.iter() {
        if let Statement::Loop { body, continuing, .. } = statement {
            let cost = meter.block(body).saturating_add(meter.block(continuing));
            // Testing and jumping cost as well.
            charges.push(u32::try_from(cost).unwrap_or(u32::MAX).saturating_add(TURN_OPERATIONS));
        }
        for block in super::census::blocks_of(statement) {
            collect(meter, block, charges);
        }
    }
}

/// What a turn costs beside its body: the meter, and the driver's own bound.
const TURN_OPERATIONS: u32 = 8;

struct Gauge<'f> {
    fuel: Handle<GlobalVariable>,
    function: &'f mut Function,
}

impl Gauge<'_> {
    fn loops(&mut self, block: &mut Block, charges: &mut impl Iterator<Item = u32>) {
        for statement in block.iter_mut() {
            match statement {
                Statement::Loop { body, continuing, .. } => {
                    let charge = charges.next().unwrap_or(u32::MAX);
                    self.loops(body, charges);
                    self.loops(continuing, charges);
                    let meter = self.charge(charge);
                    body.splice(0..0, meter);
                }
                Statement::Block(block) => self.loops(block, charges),
                Statement::If { accept, reject, .. } => {
                    self.loops(accept, charges);
                    self.loops(reject, charges);
                }
                Statement::Switch { cases, .. } => {
                    for case in cases {
                        self.loops(&mut case.body, charges);
                    }
                }
                _ => {}
            }
        }
    }

    /// `if fuel < charge { break; } fuel = fuel - charge;`
    fn charge(&mut self, charge: u32) -> Block {
        let expressions = &mut self.function.expressions;
        let mut add = |expression| expressions.append(expression, Span::UNDEFINED);
        let pointer = add(Expression::GlobalVariable(self.fuel));
        let charge = add(Expression::Literal(Literal::U32(charge)));
        let left = add(Expression::Load { pointer });
        let op = |op| Expression::Binary {
            op,
            left,
            right: charge,
        };
        let empty = add(op(BinaryOperator::Less));
        let rest = add(op(BinaryOperator::Subtract));
        let evaluated = expressions.range_from(left.index());
        Block::from_vec(vec![
            Statement::Emit(evaluated),
            Statement::If {
                condition: empty,
                accept: Block::from_vec(vec![Statement::Break]),
                reject: Block::new(),
            },
            Statement::Store { pointer, value: rest },
        ])
    }

    /// Before each call of a theme's function, wherever in the block.
    fn fill(&mut self, block: &mut Block, starts: &[(Option<Handle<Function>>, u32)]) {
        let mut at = 0;
        while let Some(statement) = block.get_mut(at) {
            at += 1;
            match statement {
                Statement::Call { function, .. } => {
                    let start = starts.iter().find(|(theme, _)| theme.as_ref() == Some(function));
                    if let Some(&(_, operations)) = start {
                        let full = self.full(operations);
                        block.splice(at - 1..at - 1, full);
                        at += 1;
                    }
                }
                Statement::Block(block) => self.fill(block, starts),
                Statement::If { accept, reject, .. } => {
                    self.fill(accept, starts);
                    self.fill(reject, starts);
                }
                _ => {}
            }
        }
    }

    fn full(&mut self, operations: u32) -> Block {
        let expressions = &mut self.function.expressions;
        let pointer = expressions.append(Expression::GlobalVariable(self.fuel), Span::UNDEFINED);
        let value = expressions.append(Expression::Literal(Literal::U32(operations)), Span::UNDEFINED);
        Block::from_vec(vec![Statement::Store { pointer, value }])
    }
}
