//! The dialect of ranking documents: Cohere's, Jina's and what many servers made of it. Callers may write it as either
//! of the two; what providers want differs in few fields ([`RerankForm`]), so requests are always decoded, and every
//! caller gets the same answer, whoever ranks.

use std::rc::Rc;

use bytes::BytesMut;
use types::{Answer, Document, Fault, Operation, Rank, Ranking, Request, Rerank, Usage};

use crate::json::{Doc, Json, Kind, Writer};
use crate::typed::{self, Wrong, count, each, field, flag, required, text};
use crate::upstream::{self, malformed};
use crate::{Fit, Front, OpenAi, RerankForm, Stamp, StreamWriter, lacking, openai};

/// Name of the dialect.
const NAME: &str = "rerank";

/// Fields that are understood here.
const KNOWN: [&str; 8] = [
    "model",
    "query",
    "documents",
    "top_n",
    "return_documents",
    "rank_fields",
    "max_tokens_per_doc",
    "max_chunks_per_doc",
];

/// Cohere's and Jina's dialect of ranking.
pub struct Reranking;

impl Front for Reranking {
    fn name(&self) -> &'static str {
        NAME
    }

    /// The documents, if the answer is to repeat them: providers need not send them back.
    fn echo(&self, root: Json, _: bool) -> Option<Rc<str>> {
        let wanted = root.get_some("return_documents").and_then(|wanted| wanted.as_bool());
        wanted.filter(|wanted| *wanted).and_then(|_| root.get_some("documents")).map(|list| list.raw().into())
    }

    fn read_request(&self, operation: Operation, body: &[u8]) -> Result<Request, Fault> {
        let doc = Doc::parse(body)?;
        match operation {
            Operation::Rerank => Ok(Request::Rerank(Box::new(read_request(typed::object(doc.root())?)?))),
            other => Err(lacking(other)),
        }
    }

    fn write_answer(&self, _: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
        match answer {
            Answer::Ranking(ranking) => write_answer(ranking, stamp),
            // Nobody asks for anything else in this dialect.
            _ => Writer::document(|_| {}),
        }
    }

    fn stream_writer(&self, operation: Operation, stamp: Stamp) -> Box<dyn StreamWriter> {
        OpenAi.stream_writer(operation, stamp)
    }

    /// Cohere's clients read the message at the top, those of servers like OpenAI's within the error.
    fn write_fault(&self, fault: &Fault, status: u16) -> BytesMut {
        Writer::document(|w| {
            w.str_field("message", &fault.message);
            openai::fault_fields(w, fault, status);
        })
    }

    fn write_stream_fault(&self, fault: &Fault, out: &mut BytesMut) {
        OpenAi.write_stream_fault(fault, out);
    }

    fn heartbeat(&self) -> &'static str {
        ""
    }

    fn status(&self, fault: &Fault) -> u16 {
        Front::status(&OpenAi, fault)
    }
}

fn read_request(root: Json) -> Result<Rerank, Wrong> {
    let fields = field(root, "rank_fields", |list| each(list, text))?.unwrap_or_default();
    field(root, "return_documents", flag)?;
    Ok(Rerank {
        model: field(root, "model", text)?.unwrap_or_default(),
        query: required(root, "query", text)?,
        documents: required(root, "documents", |list| each(list, |item| document(item, &fields)))?,
        top_n: field(root, "top_n", count)?,
        max_tokens_per_doc: field(root, "max_tokens_per_doc", count)?,
        extras: root.beside(&KNOWN),
    })
}

/// A document: a string, or an object. Of an object its text counts, or the fields that the caller names, line by line.
fn document(value: Json, fields: &[String]) -> Result<Document, Wrong> {
    match value.kind() {
        Kind::String => Ok(Document::Text(text(value)?)),
        Kind::Object if fields.is_empty() => match value.get_some("text") {
            Some(own) => Ok(Document::Text(text(own)?)),
            None => Ok(Document::Other(value.to_raw())),
        },
        Kind::Object => {
            let line = |name: &String| {
                let value = value.get_some(name)?;
                let text = value.as_string().unwrap_or_else(|| value.raw().to_owned());
                Some(format!("{name}: {text}"))
            };
            Ok(Document::Text(fields.iter().filter_map(line).collect::<Vec<_>>().join("\n")))
        }
        _ => Err(Wrong::new("must be a string or an object")),
    }
}

/// Encodes a request as the target wants it.
pub(crate) fn write_request(request: &Rerank, fit: &mut Fit) -> Result<BytesMut, Fault> {
    let form = fit.target.quirks.rerank;
    let per_document = request.max_tokens_per_doc.filter(|_| form == RerankForm::Cohere);
    if per_document.is_none() {
        fit.hint("max_tokens_per_doc", &request.max_tokens_per_doc);
    }
    if form != RerankForm::Jina && request.documents.iter().any(|one| matches!(one, Document::Other(_))) {
        return fit.refuse("documents", "a document without a text");
    }
    Ok(Writer::document(|w| {
        w.str_field("model", fit.target.model);
        w.str_field("query", &request.query);
        w.key("documents").array(|w| {
            request.documents.iter().for_each(|document| match document {
                Document::Text(text) => w.string(text),
                Document::Other(raw) => w.raw(raw),
            });
        });
        w.opt_num(if form == RerankForm::Voyage { "top_k" } else { "top_n" }, request.top_n);
        w.opt_num("max_tokens_per_doc", per_document);
        if form == RerankForm::Jina {
            // The usual value differs, and the caller's documents need not come back.
            w.key("return_documents").json("false");
        }
        request.extras.iter().for_each(|(name, value)| w.key(name).raw(value));
    }))
}

/// Reads an answer in any of the forms.
pub(crate) fn read_answer(root: Json) -> Result<Ranking, Fault> {
    let string = |name: &str| root.get(name).and_then(|value| value.as_string()).unwrap_or_default();
    let list = root.get_some("results").or_else(|| root.get_some("data"));
    let list = list.filter(|list| list.kind() == Kind::Array);
    let list = list.ok_or_else(|| malformed("the provider's answer has no ranking"))?;
    let rank = |item: Json| {
        let index = item.get("index")?.as_u64()?;
        let score = item.get("relevance_score").or_else(|| item.get("score"))?.as_f64()?;
        Some(Rank { index, score }).filter(|_| score.is_finite())
    };
    let ranks = list.items().map(rank).collect::<Option<Vec<_>>>();
    let ranks = ranks.ok_or_else(|| malformed("the provider's ranking has an item without a place or a score"))?;
    Ok(Ranking { id: string("id"), model: string("model"), ranks, usage: consumed(root) })
}

/// Searches, as Cohere counts, or tokens.
fn consumed(root: Json) -> Usage {
    let within = |group: &str, name: &str| upstream::count(root.get_some("meta")?.get_some(group)?.get(name));
    let stated = |name: &str| upstream::count(root.get_some("usage")?.get(name));
    let tokens = stated("total_tokens").or_else(|| stated("prompt_tokens"));
    let tokens = tokens.or_else(|| within("tokens", "input_tokens")).or_else(|| within("billed_units", "total_tokens"));
    Usage { input: tokens, queries: within("billed_units", "search_units"), ..Usage::default() }
}

fn write_answer(ranking: &Ranking, stamp: &Stamp) -> BytesMut {
    let documents = stamp.echo.as_deref().and_then(|list| Doc::parse(list.as_bytes()).ok());
    let documents: Vec<Json> = documents.as_ref().map(|doc| doc.root().items().collect()).unwrap_or_default();
    let Usage { input, queries, .. } = ranking.usage;
    Writer::document(|w| {
        let id = if ranking.id.is_empty() { &stamp.id } else { &ranking.id };
        w.str_field("id", id);
        w.str_field("model", if ranking.model.is_empty() { &stamp.model } else { &ranking.model });
        w.key("results").array(|w| {
            for rank in &ranking.ranks {
                w.object(|w| {
                    w.num_field("index", rank.index);
                    // With a point, whatever its value: some clients tell the two kinds of numbers apart.
                    w.num_field("relevance_score", format_args!("{:?}", rank.score));
                    let place = usize::try_from(rank.index).ok();
                    if let Some(document) = place.and_then(|place| documents.get(place)) {
                        match document.kind() {
                            Kind::String => w.key("document").object(|w| w.key("text").json(document.raw())),
                            _ => w.key("document").json(document.raw()),
                        }
                    }
                });
            }
        });
        w.key("meta").object(|w| {
            w.key("api_version").object(|w| w.str_field("version", "2"));
            if let Some(searches) = queries {
                w.key("billed_units").object(|w| w.num_field("search_units", searches));
            }
            if let Some(tokens) = input {
                w.key("tokens").object(|w| w.num_field("input_tokens", tokens));
            }
        });
        if let Some(tokens) = input {
            w.key("usage").object(|w| {
                w.num_field("prompt_tokens", tokens);
                w.num_field("total_tokens", tokens);
            });
        }
    })
}

#[cfg(test)]
mod tests;
