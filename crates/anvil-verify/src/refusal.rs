//! An answer that declines to do the work.

use crate::defect::Defect;
use crate::span::Span;

/// How many characters of the beginning a refusal is looked for in.
const START_LIMIT: usize = 200;

/// The most characters of a whole answer that is nothing but a refusal. A longer one says something besides.
const ANSWER_LIMIT: usize = 600;

/// What models say when they decline, in lower case and with plain apostrophes. Each is a sentence about the model's own refusal,
/// not about what it could not find or do: "I'm sorry, but I can't find the file" is an answer.
///
/// Sources: the refusals listed by `AdvBench` (arXiv 2307.15043, table of refusal strings), those of Do-Not-Answer (arXiv
/// 2308.13387), and the same sentences as open models give them in other languages.
const PHRASES: &[&str] = &[
    // English
    "i can't assist with",
    "i cannot assist with",
    "i can not assist with",
    "i'm not able to assist with",
    "i am not able to assist with",
    "i'm unable to assist with",
    "i am unable to assist with",
    "i can't help with that",
    "i cannot help with that",
    "i can't help with this request",
    "i cannot help with this request",
    "i can't help you with that",
    "i cannot help you with that",
    "i'm unable to help with",
    "i am unable to help with",
    "i can't comply with",
    "i cannot comply with",
    "i can't fulfill",
    "i cannot fulfill",
    "i can't fulfil ",
    "i cannot fulfil ",
    "i'm unable to fulfill",
    "i am unable to fulfill",
    "i can't provide assistance with",
    "i cannot provide assistance with",
    "i can't engage in",
    "i cannot engage in",
    "i must decline",
    "i have to decline",
    "i won't be able to assist",
    "i won't be able to help",
    "as an ai language model, i",
    "as an ai language model i ",
    "as an ai assistant, i can't",
    "as an ai assistant, i cannot",
    "as an ai, i can't",
    "as an ai, i cannot",
    "as a large language model, i",
    "i'm just an ai",
    "i am just an ai",
    "i'm only an ai",
    // German
    "dabei kann ich nicht helfen",
    "dabei kann ich dir nicht helfen",
    "dabei kann ich ihnen nicht helfen",
    "ich kann ihnen dabei nicht helfen",
    "ich kann dir dabei nicht helfen",
    "ich kann diese anfrage nicht",
    "als ki-sprachmodell",
    // French
    "je ne peux pas vous aider avec",
    "je ne peux pas t'aider avec",
    "je ne peux pas vous aider à",
    "je ne peux pas répondre à cette demande",
    "je ne peux pas satisfaire",
    "en tant que modèle de langage",
    // Spanish
    "no puedo ayudarte con es",
    "no puedo ayudarle con es",
    "no puedo ayudar con es",
    "no puedo cumplir con",
    "no puedo proporcionar ayuda",
    "como modelo de lenguaje",
    // Portuguese
    "não posso ajudar com is",
    "não posso ajudá-lo com",
    "não posso te ajudar com is",
    "não posso atender a",
    "como um modelo de linguagem",
    // Italian
    "non posso aiutarti con",
    "non posso aiutarla con",
    "non posso soddisfare",
    "come modello linguistico",
    // Dutch and Polish
    "ik kan je daar niet mee helpen",
    "ik kan u daar niet mee helpen",
    "als ai-taalmodel",
    "nie mogę pomóc w tej",
    "nie mogę ci w tym pomóc",
    "jako model językowy",
    // Russian and Ukrainian
    "я не могу помочь с эт",
    "я не могу вам с этим помочь",
    "я не могу выполнить этот запрос",
    "как языковая модель",
    "я не можу допомогти з ц",
    // Turkish
    "bu konuda yardımcı olamam",
    "bu isteği yerine getiremem",
    // Chinese
    "我无法协助",
    "我不能协助",
    "我无法满足你的请求",
    "我无法满足您的请求",
    "我无法提供这方面的帮助",
    "抱歉，我无法帮助",
    "抱歉，我不能帮助",
    "作为一个ai语言模型",
    "作为一个人工智能语言模型",
    "我無法協助",
    // Japanese and Korean
    "お手伝いできません",
    "お手伝いすることはできません",
    "ご要望にはお応えできません",
    "ai言語モデルとして",
    "도와드릴 수 없습니다",
    "도와 드릴 수 없습니다",
    "요청을 수행할 수 없습니다",
    "ai 언어 모델로서",
];

/// Notices an answer that is short and declines at its start. It says nothing before the end, for an answer may apologise and go on.
#[derive(Debug, Default, Clone)]
pub struct Refusal {
    start: String,
    characters: usize,
    has_block: bool,
    is_called: bool,
}

impl Refusal {
    /// Takes the next piece of the text.
    pub fn feed(&mut self, piece: &str) {
        if self.characters > ANSWER_LIMIT {
            return;
        }
        // Of a huge piece no more is read than decides.
        for character in piece.chars().take(ANSWER_LIMIT + 1) {
            if self.characters < START_LIMIT {
                self.start.push(character);
            }
            self.characters += 1;
            self.has_block |= character == '`';
        }
    }

    /// Notes that a tool was called: that is work.
    pub fn called(&mut self) {
        self.is_called = true;
    }

    /// The verdict when the answer is over: [`Defect::Refusal`] where all that it does is decline.
    pub fn end(&self) -> Option<Defect> {
        if self.is_called || self.has_block || self.characters > ANSWER_LIMIT {
            return None;
        }
        let plain = plain(&self.start);
        let (start, phrase) = PHRASES.iter().find_map(|phrase| Some((plain.find(phrase)?, phrase)))?;
        Some(Defect::Refusal { span: self.span(&plain, start, start + phrase.len()) })
    }

    /// Where in the text something lies that was found in what [`plain`] makes of its start: the same number of characters.
    fn span(&self, plain: &str, start: usize, end: usize) -> Span {
        let place = |at: usize| self.start.chars().take(plain[..at].chars().count()).map(char::len_utf8).sum();
        Span::new(place(start), place(end))
    }
}

/// In lower case and with plain apostrophes, a character for a character.
fn plain(text: &str) -> String {
    let plain_character = |character: char| match character {
        '‘' | '’' | 'ʼ' => '\'',
        '\u{a0}' | '\n' => ' ',
        _ => character.to_lowercase().next().unwrap_or(character),
    };
    text.chars().map(plain_character).collect()
}
