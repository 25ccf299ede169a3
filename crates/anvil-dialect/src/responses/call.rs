//! A call of a tool, in the caller's terms.

use super::freeform::Freeform;
use super::output::write_escaped;
use crate::asked::CallForm;
use crate::compose::Object;
use crate::conversation::Arguments;
use crate::delta::Head;
use crate::event::Malformed;
use crate::text::Text;

/// A call while it is said, and when it is complete.
#[derive(Debug, Clone)]
pub(super) struct Call {
    id: Text<'static>,
    pub(super) name: Text<'static>,
    namespace: Option<Text<'static>>,
    form: CallForm,
    /// What of a freeform input is still inside JSON.
    unwrapping: Option<Freeform>,
    /// The arguments or the input so far, as the inside of a JSON string; once a search is complete, its arguments as JSON.
    said: String,
}

impl Call {
    /// A call that the tier knows by `name`.
    pub(super) fn new(head: &Head, call: usize, id: &Text<'_>, name: &Text<'_>) -> Self {
        let offered = head.asked.tool(&name.decoded());
        let form = offered.map_or(CallForm::Function, |offered| offered.form);
        Self {
            id: head.call_id(id, call).into_owned().into_owned(),
            name: offered.map_or_else(|| name.clone().into_owned(), |offered| Text::quote(&offered.name)),
            namespace: offered.and_then(|offered| offered.namespace.as_deref()).map(Text::quote),
            form,
            unwrapping: (form == CallForm::Freeform).then(Freeform::default),
            said: String::new(),
        }
    }

    pub(super) const fn id_prefix(&self) -> &'static str {
        match self.form {
            CallForm::Function => "fc",
            CallForm::Freeform => "ctc",
            CallForm::Search => "tsc",
        }
    }

    pub(super) const fn item_type(&self) -> &'static str {
        match self.form {
            CallForm::Function => "function_call",
            CallForm::Freeform => "custom_tool_call",
            CallForm::Search => "tool_search_call",
        }
    }

    /// The event that says more of it; a search is said at once.
    pub(super) const fn delta_event(&self) -> Option<&'static str> {
        match self.form {
            CallForm::Function => Some("response.function_call_arguments.delta"),
            CallForm::Freeform => Some("response.custom_tool_call_input.delta"),
            CallForm::Search => None,
        }
    }

    /// The event that says it whole, and its member that does.
    pub(super) const fn done_event(&self) -> Option<(&'static str, &'static str)> {
        match self.form {
            CallForm::Function => Some(("response.function_call_arguments.done", "arguments")),
            CallForm::Freeform => Some(("response.custom_tool_call_input.done", "input")),
            CallForm::Search => None,
        }
    }

    /// Takes a piece of its arguments; the piece of what the caller takes, where there is any.
    pub(super) fn push<'j>(&mut self, json: &'j Text<'j>) -> Option<Text<'j>> {
        let piece = match &mut self.unwrapping {
            Some(freeform) => freeform.push(json),
            None => json.clone(),
        };
        self.said.push_str(piece.escaped());
        (!piece.is_empty()).then_some(piece)
    }

    /// It has all its arguments; what of it the caller has not been told.
    ///
    /// # Errors
    /// [`Malformed`] when the caller cannot take it.
    pub(super) fn finish(&mut self) -> Result<Option<Text<'static>>, Malformed> {
        if let Some(freeform) = self.unwrapping.take() {
            let (input, rest) = freeform.finish()?;
            input.escaped().clone_into(&mut self.said);
            return Ok(rest.filter(|rest| !rest.is_empty()));
        }
        if self.form == CallForm::Search {
            let arguments = Arguments::Text(Text::from_escaped(std::mem::take(&mut self.said)));
            let object = arguments.to_object();
            let object =
                object.ok_or_else(|| Malformed::new("a search for tools whose arguments are no JSON object"))?;
            self.said = object.into_owned();
        }
        Ok(None)
    }

    /// What it is called with, as the inside of a JSON string; a function called with nothing is called with an object of nothing.
    pub(super) fn arguments(&self) -> &str {
        if self.said.is_empty() && self.form == CallForm::Function { "{}" } else { &self.said }
    }

    /// Writes the members of its item; one that has only begun has no arguments yet.
    pub(super) fn write_members(&self, item: &mut Object<'_>, is_begun: bool) {
        item.text("call_id", &self.id);
        if self.form == CallForm::Search {
            item.string("execution", "client");
            item.raw("arguments", if is_begun { "{}" } else { &self.said });
            return;
        }
        item.text("name", &self.name);
        if let Some(namespace) = &self.namespace {
            item.text("namespace", namespace);
        }
        let member = if self.form == CallForm::Freeform { "input" } else { "arguments" };
        write_escaped(item, member, if is_begun { "" } else { self.arguments() });
    }
}
