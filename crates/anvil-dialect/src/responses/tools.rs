//! The tools of a Responses request.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::name::function_name;
use crate::asked::{CallForm, Offered};
use crate::conversation::{Form, Grammar, Spelling, Tool};
use crate::node::Node;
use crate::request::Request;
use crate::text::Text;
use crate::untranslatable::Untranslatable;
use crate::warning::{WarningKind, Warnings};

/// The type of the tool that searches among tools which were not told. Where the client runs it, it is a function like any other.
const SEARCH: &str = "tool_search";
/// The items that tell which tools a search found. Codex keeps most of its tools behind one for models that it knows.
const FOUND: &str = "tool_search_output";
/// How many levels of the tools are taken apart: a list with a namespace that has a list of tools, and a tool's format.
const TOOLS_DEPTH: u8 = 5;
/// How many levels of an input that holds tools: a list of items with lists of tools.
const INPUT_DEPTH: u8 = 2 + TOOLS_DEPTH;

/// The tools that are told to a tier as plain functions and are none, or are called otherwise, for the caller.
pub(crate) fn offered(request: &Request) -> Vec<Offered> {
    let mut warnings = Warnings::new(Spelling::of(request.dialect()).messages);
    // What cannot be read is not told to a tier either.
    let Ok(tools) = Tools::of(request, &mut warnings) else { return Vec::new() };
    tools.listed.into_iter().filter_map(Listed::into_offered).collect()
}

/// Every tool that a tier can be told of, as the caller knows it and as the tier will.
#[derive(Default)]
pub(super) struct Tools<'a> {
    listed: Vec<Listed<'a>>,
    /// Where in the list a tool is, by its namespace and name.
    places: HashMap<(Option<String>, String), usize>,
    functions: HashSet<String>,
}

struct Listed<'a> {
    namespace: Option<String>,
    name: String,
    /// The function it is told as.
    function: String,
    description: Option<Text<'a>>,
    form: Form<'a>,
    /// How the caller takes a call of it.
    called: CallForm,
}

impl Listed<'_> {
    /// What the answer has to know of it: nothing if it is a function under its own name.
    fn into_offered(self) -> Option<Offered> {
        let is_plain = self.namespace.is_none() && self.called == CallForm::Function && self.function == self.name;
        let Self { namespace, name, function, called, .. } = self;
        (!is_plain).then_some(Offered { function, namespace, name, form: called })
    }
}

impl<'a> Tools<'a> {
    /// Reads the tools of a request. One of any type but `function`, `custom` and `namespace` is the vendor's, or of a kind
    /// of call that no other dialect has.
    pub(super) fn of(request: &'a Request, warnings: &mut Warnings) -> Result<Self, Untranslatable> {
        let mut tools = Self::default();
        let member = |wanted: &str| request.members().find(|(name, raw)| *name == wanted && *raw != "null");
        if let Some((_, raw)) = member("tools") {
            tools.add_list(&Node::read(raw, TOOLS_DEPTH)?, "tools", warnings)?;
        }
        if let Some((_, raw)) = member("input").filter(|(_, raw)| raw.contains(FOUND)) {
            tools.add_found(&Node::read(raw, INPUT_DEPTH)?, warnings)?;
        }
        Ok(tools)
    }

    fn add_list(&mut self, node: &Node<'a>, path: &str, warnings: &mut Warnings) -> Result<(), Untranslatable> {
        let list = node.list().ok_or_else(|| Untranslatable::not(path, "a list of tools"))?;
        for (index, tool) in list.iter().enumerate() {
            let path = format!("{path}.{index}");
            if tool.kind() == "namespace" {
                self.add_namespace(tool, &path, warnings)?;
            } else {
                self.add(tool, None, tool.get_text("description"), &path, warnings)?;
            }
        }
        Ok(())
    }

    /// Adds the tools that a search of the vendor's model found earlier in the conversation. They stand nowhere else.
    fn add_found(&mut self, input: &Node<'a>, warnings: &mut Warnings) -> Result<(), Untranslatable> {
        for (index, item) in input.list().unwrap_or_default().iter().enumerate() {
            if let (FOUND, Some(tools)) = (item.kind().as_str(), item.get("tools")) {
                self.add_list(tools, &format!("input.{index}.tools"), warnings)?;
            }
        }
        Ok(())
    }

    fn add_namespace(&mut self, node: &Node<'a>, path: &str, warnings: &mut Warnings) -> Result<(), Untranslatable> {
        let namespace = required_name(node, path)?;
        let list = node.get("tools").and_then(Node::list);
        let list = list.ok_or_else(|| Untranslatable::not(format!("{path}.tools"), "a list of tools"))?;
        for (index, tool) in list.iter().enumerate() {
            let mut description = tool.get_text("description");
            // What is said of them all is said once, with the first.
            if let Some(common) = node.get_text("description").filter(|common| index == 0 && !common.is_blank()) {
                description = Some(Text::join([&common].into_iter().chain(&description), Text::PARAGRAPH));
            }
            self.add(tool, Some(&namespace), description, &format!("{path}.tools.{index}"), warnings)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        node: &Node<'a>,
        namespace: Option<&str>,
        description: Option<Text<'a>>,
        path: &str,
        warnings: &mut Warnings,
    ) -> Result<(), Untranslatable> {
        let function = || Form::Function {
            schema: node.get("parameters").map(Node::raw),
            strict: node.get("strict").and_then(Node::boolean),
        };
        let (form, called) = match node.kind().as_str() {
            "" | "function" => (function(), CallForm::Function),
            "custom" => (Form::Freeform(grammar(node)), CallForm::Freeform),
            SEARCH if node.get_text("execution").is_some_and(|own| own.decoded() == "client") => {
                (function(), CallForm::Search)
            }
            _ => {
                warnings.note(WarningKind::ToolDropped, path);
                return Ok(());
            }
        };
        let name = if called == CallForm::Search { SEARCH.to_owned() } else { required_name(node, path)? };
        let namespace = namespace.map(str::to_owned);
        let Entry::Vacant(place) = self.places.entry((namespace.clone(), name.clone())) else {
            // A search finds again what was found before.
            return Ok(());
        };
        place.insert(self.listed.len());
        let function = function_name(namespace.as_deref(), &name, |taken| self.functions.contains(taken));
        self.functions.insert(function.clone());
        self.listed.push(Listed { namespace, name, function, description, form, called });
        Ok(())
    }

    /// The function that stands for a search among tools.
    pub(super) fn search_function(&self) -> Text<'static> {
        let place = self.places.get(&(None, SEARCH.to_owned()));
        place.map_or(Text::plain(SEARCH), |place| Text::quote(&self.listed[*place].function))
    }

    /// What a search found: the names of the functions that stand for it.
    pub(super) fn found(&self, output: &Node<'_>) -> Text<'static> {
        let mut names = Vec::new();
        for tool in output.get("tools").and_then(Node::list).unwrap_or_default() {
            let namespace = tool.get_text("name").map(|name| name.decoded().into_owned());
            match tool.get("tools").and_then(Node::list) {
                Some(inner) => names.extend(inner.iter().filter_map(|tool| self.named(namespace.clone(), tool))),
                None => names.extend(self.named(None, tool)),
            }
        }
        if names.is_empty() {
            return Text::plain("No tools were found.");
        }
        Text::quote(&format!("These tools can be called from now on: {}", names.join(", ")))
    }

    /// The function that stands for the tool in a namespace, if there is one.
    fn named(&self, namespace: Option<String>, tool: &Node<'_>) -> Option<String> {
        let name = tool.get_text("name")?.decoded().into_owned();
        self.places.get(&(namespace, name)).map(|place| self.listed[*place].function.clone())
    }

    /// The function of the tool that `node` names by `namespace` and `name`, whether it is among the tools or no longer is;
    /// `None` where `node` names none.
    pub(super) fn function(&self, node: &Node<'_>) -> Option<Text<'static>> {
        let name = node.get_text("name")?.decoded().into_owned();
        let namespace = node.get_text("namespace").map(|namespace| namespace.decoded().into_owned());
        let key = (namespace.filter(|namespace| !namespace.is_empty()), name);
        Some(match self.places.get(&key) {
            Some(place) => Text::quote(&self.listed[*place].function),
            None => Text::quote(&function_name(key.0.as_deref(), &key.1, |_| false)),
        })
    }

    /// The tools that a tier is told of; of those, where `allowed` names some, only these.
    pub(super) fn into_functions(self, allowed: Option<&HashSet<String>>) -> Vec<Tool<'a>> {
        let is_allowed = |tool: &Listed<'_>| allowed.is_none_or(|allowed| allowed.contains(&tool.function));
        let tool = |tool: Listed<'a>| Tool {
            name: Text::quote(&tool.function),
            description: tool.description,
            form: tool.form,
        };
        self.listed.into_iter().filter(is_allowed).map(tool).collect()
    }

    /// Whether a tier is told of that function.
    pub(super) fn has(&self, function: &str) -> bool {
        self.functions.contains(function)
    }
}

fn required_name(node: &Node<'_>, path: &str) -> Result<String, Untranslatable> {
    let name = node.get_text("name").map(|name| name.decoded().into_owned());
    name.ok_or_else(|| Untranslatable::not(format!("{path}.name"), "a string"))
}

/// The grammar that a freeform tool's text must follow; a format of type `text` has none.
fn grammar<'a>(node: &Node<'a>) -> Option<Grammar<'a>> {
    let format = node.get("format")?;
    Some(Grammar { syntax: format.get_text("syntax")?, definition: format.get_text("definition")? })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::offered;
    use crate::asked::{CallForm, Offered};
    use crate::dialect::Dialect;
    use crate::request::Request;

    fn told(tools: &str) -> Vec<Offered> {
        let body = format!(r#"{{"model":"m","input":"x","tools":{tools}}}"#);
        offered(&Request::decode(Dialect::Responses, Bytes::from(body)).unwrap())
    }

    #[test]
    fn only_tools_that_the_caller_knows_otherwise() {
        let tools = r#"[{"type":"function","name":"f"},{"type":"web_search"},{"type":"custom","name":"patch"},{"type":"function","name":"a.b"},
            {"type":"namespace","name":"n","tools":[{"type":"function","name":"f"},{"type":"custom","name":"say"}]}]"#;
        let offered = told(tools);
        let named = |offered: &Offered| (offered.namespace.clone(), offered.name.clone(), offered.form);
        let (function, freeform) = (CallForm::Function, CallForm::Freeform);
        let expected = [
            (None, "patch", freeform),
            (None, "a.b", function),
            (Some("n"), "f", function),
            (Some("n"), "say", freeform),
        ];
        let expected = expected.map(|(namespace, name, form)| (namespace.map(str::to_owned), name.to_owned(), form));
        assert_eq!(offered.iter().map(named).collect::<Vec<_>>(), expected);
        assert_eq!((offered[0].function.as_str(), offered[2].function.as_str()), ("patch", "n__f"));
        assert!(offered[1].function.starts_with("a_b_"));
    }

    #[test]
    fn two_tools_are_never_one_function() {
        let tools = r#"[{"type":"function","name":"n__f"},{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"}]}]"#;
        let offered = told(tools);
        assert_eq!((offered.len(), offered[0].name.as_str()), (1, "f"));
        assert_ne!(offered[0].function, "n__f");
    }

    #[test]
    fn a_tool_that_a_search_found_is_one_however_often() {
        let body = r#"{"model":"m","input":[
            {"type":"tool_search_output","tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"}]}]},
            {"type":"tool_search_output","tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"}]}]},
            {"type":"tool_search_output"}],"tools":[{"type":"custom","name":"first"}]}"#;
        let offered = offered(&Request::decode(Dialect::Responses, Bytes::from(body)).unwrap());
        let names: Vec<&str> = offered.iter().map(|offered| offered.function.as_str()).collect();
        assert_eq!(names, ["first", "n__f"]);
    }

    #[test]
    fn tools_that_cannot_be_read_are_none() {
        assert_eq!(told("null"), []);
        assert_eq!(told(r#"[{"type":"namespace","name":"n"}]"#), []);
        assert_eq!(told(r#"[{"type":"custom"}]"#), []);
    }
}
