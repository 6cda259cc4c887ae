//! Looks through a theme's compiled code: refuses what a theme has no business with, and counts what each function costs with
//! every call written out, which is what drivers make of it.

use wgpu::naga::valid::{FunctionInfo, ModuleInfo};
use wgpu::naga::{
    AddressSpace, BinaryOperator, Block, Expression, Function, Handle, MathFunction, Module, Span, Statement, TypeInner,
};

use super::super::check::Complaint;
use super::super::shaders::theme_offset;
use crate::flow::ThemeShader;

/// Operations of one `theme_still` or `theme_color` with every call written out and every loop counted once. Ours have
/// up to 7,000; half as many again as that took lavapipe's compiler a second.
pub(super) const MAX_OPERATIONS: u64 = 20_000;
/// Memory of one pixel for variables, with every call written out: a processor draws many pixels at once on one stack.
const MAX_MEMORY_BYTES: u64 = 16 << 10;
/// Blocks within blocks: what reads the compiled code goes down one level for each.
const MAX_DEPTH: usize = 48;

/// What each function costs, by the index of its handle.
pub(super) struct Costs {
    operations: Vec<u64>,
}

impl Costs {
    pub fn of_call(&self, function: Handle<Function>) -> u64 {
        self.operations.get(function.index()).copied().unwrap_or(u64::MAX)
    }
}

/// Where the theme's own text lies in the joined one.
struct Own<'a> {
    theme: &'a ThemeShader,
    start: usize,
}

impl Own<'_> {
    fn has(&self, span: Span) -> bool {
        span.to_range()
            .is_some_and(|range| (self.start..self.start + self.theme.source.len()).contains(&range.start))
    }

    /// Whether it belongs to the entry points, which follow the theme.
    fn is_behind(&self, span: Span) -> bool {
        span.to_range()
            .is_some_and(|range| range.start >= self.start + self.theme.source.len())
    }

    fn complaint(&self, span: Span, message: impl Into<String>) -> Complaint {
        match span.to_range().and_then(|range| range.start.checked_sub(self.start)) {
            Some(at) => Complaint::at(&self.theme.source, at, message),
            None => Complaint::anywhere(message),
        }
    }
}

/// Refuses what no theme may do or cost.
pub(super) fn take(theme: &ThemeShader, module: &Module, facts: &ModuleInfo) -> Result<Costs, Complaint> {
    let own = Own {
        theme,
        start: theme_offset(theme),
    };
    let private_bytes = globals(&own, module)?;
    let mut costs = Costs {
        operations: Vec::with_capacity(module.functions.len()),
    };
    let mut memory = Vec::<u64>::with_capacity(module.functions.len());
    // A function comes behind those it calls: WGSL has no recursion.
    for (handle, function) in module.functions.iter() {
        let span = module.functions.get_span(handle);
        let name = function.name.as_deref().unwrap_or("a function");
        let meter = Meter {
            module,
            function,
            facts: &facts[handle],
            costs: &costs,
        };
        let operations = meter.block(&function.body);
        if own.has(span) {
            Rules {
                own: &own,
                module,
                function,
            }
            .block(&function.body, 0)?;
            if operations > MAX_OPERATIONS {
                let message = format!(
                    "`{name}` is {operations} operations long with all it calls written out, {MAX_OPERATIONS} are allowed; call less, or loop"
                );
                return Err(own.complaint(span, message));
            }
        }
        let bytes = locals_bytes(module, function)
            + calls(&function.body)
                .map(|callee| memory.get(callee.index()).copied().unwrap_or(0))
                .sum::<u64>();
        if own.has(span) && bytes + private_bytes > MAX_MEMORY_BYTES {
            let message = format!(
                "`{name}` needs {bytes} bytes for its variables with all it calls written out, {MAX_MEMORY_BYTES} are allowed; use smaller arrays"
            );
            return Err(own.complaint(span, message));
        }
        if name.starts_with("theme_") {
            tracing::debug!(theme = theme.name, name, operations, bytes, "counted");
        }
        costs.operations.push(operations);
        memory.push(bytes);
    }
    Ok(costs)
}

/// What a theme declares beside its functions; how many bytes of private memory it takes.
fn globals(own: &Own<'_>, module: &Module) -> Result<u64, Complaint> {
    let mut private_bytes = 0_u64;
    for (handle, variable) in module.global_variables.iter() {
        let span = module.global_variables.get_span(handle);
        if !own.has(span) {
            continue;
        }
        let name = variable.name.as_deref().unwrap_or("a variable");
        if variable.space != AddressSpace::Private {
            let message = format!(
                "`{name}`: a theme has no bindings and no shared memory of its own; what it may read is in the page on themes"
            );
            return Err(own.complaint(span, message));
        }
        private_bytes = private_bytes.saturating_add(bytes_of(module, variable.ty));
        if private_bytes > MAX_MEMORY_BYTES {
            let message =
                format!("`{name}`: a theme may have {MAX_MEMORY_BYTES} bytes of variables; use smaller arrays");
            return Err(own.complaint(span, message));
        }
    }
    for (handle, constant) in module.overrides.iter() {
        let span = module.overrides.get_span(handle);
        if own.has(span) {
            let name = constant.name.as_deref().unwrap_or("a value");
            return Err(own.complaint(
                span,
                format!("`{name}`: nobody overrides a theme's values; write `const`, or a parameter in theme.toml"),
            ));
        }
    }
    if let [_, entry, ..] = module.entry_points.as_slice() {
        let names = module.entry_points.iter().map(|entry| entry.name.as_str());
        let name = names
            .into_iter()
            .find(|name| !["bake", "nv12"].contains(name))
            .unwrap_or(&entry.name);
        return Err(Complaint::anywhere(format!(
            "`{name}` is an entry point; a theme has only `theme_still` and `theme_color`"
        )));
    }
    Ok(private_bytes)
}

fn bytes_of(module: &Module, ty: Handle<wgpu::naga::Type>) -> u64 {
    module.types[ty]
        .inner
        .try_size(module.to_ctx())
        .map_or(u64::MAX, u64::from)
}

fn locals_bytes(module: &Module, function: &Function) -> u64 {
    let sizes = function
        .local_variables
        .iter()
        .map(|(_, variable)| bytes_of(module, variable.ty));
    sizes.fold(0, u64::saturating_add)
}

/// Every call in the block, in order.
fn calls(block: &Block) -> Box<dyn Iterator<Item = Handle<Function>> + '_> {
    Box::new(block.iter().flat_map(|statement| {
        let own = match statement {
            Statement::Call { function, .. } => Some(*function),
            _ => None,
        };
        own.into_iter().chain(blocks_of(statement).into_iter().flat_map(calls))
    }))
}

/// The blocks within a statement.
pub(super) fn blocks_of(statement: &Statement) -> Vec<&Block> {
    match statement {
        Statement::Block(block) => vec![block],
        Statement::If { accept, reject, .. } => vec![accept, reject],
        Statement::Switch { cases, .. } => cases.iter().map(|case| &case.body).collect(),
        Statement::Loop { body, continuing, .. } => vec![body, continuing],
        _ => Vec::new(),
    }
}

/// What one function of the theme may contain.
struct Rules<'a> {
    own: &'a Own<'a>,
    module: &'a Module,
    function: &'a Function,
}

impl Rules<'_> {
    fn block(&self, block: &Block, depth: usize) -> Result<(), Complaint> {
        if depth == 0 {
            self.expressions()?;
        }
        for (statement, &span) in block.span_iter() {
            if depth > MAX_DEPTH {
                return Err(self.own.complaint(span, format!("blocks lie {MAX_DEPTH} deep in each other here; use functions, or a `switch` for many `else if`")));
            }
            let allowed = match statement {
                Statement::Call { function, .. } => !self.own.is_behind(self.module.functions.get_span(*function)),
                statement => is_plain(statement),
            };
            if !allowed {
                let message = "a theme computes colours and nothing else: no barriers, atomics, writing to textures, and no calls of the renderer's own functions";
                return Err(self.own.complaint(span, message));
            }
            for inner in blocks_of(statement) {
                self.block(inner, depth + 1)?;
            }
        }
        Ok(())
    }

    /// The renderer's own buffers are not a theme's affair.
    fn expressions(&self) -> Result<(), Complaint> {
        for (handle, expression) in self.function.expressions.iter() {
            let Expression::GlobalVariable(variable) = *expression else {
                continue;
            };
            if self.own.is_behind(self.module.global_variables.get_span(variable)) {
                let name = self.module.global_variables[variable].name.as_deref().unwrap_or("this");
                let span = self.function.expressions.get_span(handle);
                return Err(self.own.complaint(
                    span,
                    format!("`{name}` is the renderer's own; a theme reads look, params, moments and envelope"),
                ));
            }
        }
        Ok(())
    }
}

fn is_plain(statement: &Statement) -> bool {
    matches!(
        statement,
        Statement::Emit(_)
            | Statement::Block(_)
            | Statement::If { .. }
            | Statement::Switch { .. }
            | Statement::Loop { .. }
            | Statement::Break
            | Statement::Continue
            | Statement::Return { .. }
            | Statement::Store { .. }
    )
}

/// Counts operations: about one for each number computed or copied, more for what a processor has no single instruction for.
pub(super) struct Meter<'a> {
    pub module: &'a Module,
    pub function: &'a Function,
    pub facts: &'a FunctionInfo,
    pub costs: &'a Costs,
}

impl Meter<'_> {
    /// Of a block with all that lies in it, loops counted once.
    pub fn block(&self, block: &Block) -> u64 {
        block
            .iter()
            .map(|statement| self.statement(statement))
            .fold(0, u64::saturating_add)
    }

    fn statement(&self, statement: &Statement) -> u64 {
        let own = match statement {
            Statement::Emit(range) => range
                .clone()
                .map(|handle| self.expression(handle))
                .fold(0, u64::saturating_add),
            Statement::Store { value, .. } => self.words(*value),
            Statement::Call { function, .. } => self.costs.of_call(*function).saturating_add(2),
            _ => 1,
        };
        blocks_of(statement)
            .into_iter()
            .map(|block| self.block(block))
            .fold(own, u64::saturating_add)
    }

    fn expression(&self, handle: Handle<Expression>) -> u64 {
        let words = self.words(handle);
        match self.function.expressions[handle] {
            // A sample is four texels, mixed.
            Expression::ImageSample { .. } => 64,
            Expression::ImageLoad { .. } => 16,
            // A value that is indexed is laid into memory first.
            Expression::Access { base, .. } => self.words(base),
            Expression::AccessIndex { .. } => 1,
            Expression::Binary { op, left, right } => match op {
                BinaryOperator::Divide | BinaryOperator::Modulo => 4 * words,
                BinaryOperator::Multiply => words.max(self.words(left)).max(self.words(right)) * 2,
                _ => words,
            },
            Expression::Math { fun, arg, .. } => words.max(self.words(arg)) * math(fun),
            _ => words,
        }
    }

    fn words(&self, handle: Handle<Expression>) -> u64 {
        let inner = self.facts[handle].ty.inner_with(&self.module.types);
        match inner {
            TypeInner::Pointer { .. } | TypeInner::ValuePointer { .. } => 1,
            inner => inner
                .try_size(self.module.to_ctx())
                .map_or(u64::MAX, |bytes| u64::from(bytes / 4).max(1)),
        }
    }
}

/// What a function costs a number it is given, in multiplications, roughly as long as Mesa's code for it is.
fn math(function: MathFunction) -> u64 {
    use MathFunction as F;
    match function {
        F::Sin | F::Cos | F::Exp | F::Exp2 | F::Log | F::Log2 => 12,
        F::Pow | F::Tan | F::Sinh | F::Cosh | F::Tanh | F::Asin | F::Acos | F::Atan | F::Atan2 => 24,
        F::Asinh | F::Acosh | F::Atanh | F::Inverse | F::Determinant => 24,
        F::Normalize | F::Length | F::Distance | F::Sqrt | F::InverseSqrt | F::Refract | F::SmoothStep => 4,
        _ => 2,
    }
}
