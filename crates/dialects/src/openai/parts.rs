//! Reading the content of a request's messages: a string, or a list of typed parts.

use types::{Block, CacheMark, Source, Text};

use super::{NAME, assistant};
use crate::json::{Json, Kind};
use crate::media;
use crate::typed::{Place, Wrong, each, field, object, required, text};

/// Reads `content`. Empty texts vanish: they say nothing, and other formats refuse them.
pub(super) fn read(content: Json) -> Result<Vec<Block>, Wrong> {
    match content.kind() {
        Kind::String => Ok(Some(text(content)?).filter(|text| !text.is_empty()).map(Block::text).into_iter().collect()),
        Kind::Array => {
            let mut blocks = each(content, part)?;
            blocks.retain(|block| !matches!(block, Block::Text(text) if text.text.is_empty()));
            Ok(blocks)
        }
        _ => Err(Wrong::new("must be a string or a list of parts")),
    }
}

fn part(value: Json) -> Result<Block, Wrong> {
    let part = object(value)?;
    match &*required(part, "type", text)? {
        "text" => {
            Ok(Block::Text(Text { text: required(part, "text", text)?, cache: cache_mark(part), ..Text::default() }))
        }
        "refusal" => required(part, "refusal", text).map(Block::Refusal),
        "thinking" => Ok(assistant::thinking_part(part)),
        "image_url" => image(part),
        "input_audio" => required(part, "input_audio", audio),
        "file" => {
            let (source, name) = required(part, "file", file)?;
            Ok(Block::Document { source, name, cache: cache_mark(part) })
        }
        _ => Ok(Block::Opaque { dialect: NAME, raw: value.to_raw() }),
    }
}

/// `{type: "image_url", image_url: {url, detail}}`; many clients write `image_url` as a bare string.
pub(super) fn image(part: Json) -> Result<Block, Wrong> {
    let (url, detail) = required(part, "image_url", |image| match image.kind() {
        Kind::String => Ok((text(image)?, None)),
        _ => Ok((required(object(image)?, "url", text)?, field(image, "detail", text)?)),
    })?;
    Ok(Block::Image { source: media::source_from_url(&url), detail, cache: cache_mark(part) })
}

fn audio(value: Json) -> Result<Block, Wrong> {
    let audio = object(value)?;
    Ok(Block::Audio { data: required(audio, "data", text)?, format: required(audio, "format", text)? })
}

/// `{file_data, file_id, filename}`: the data is a data URL, by rule, or bare base64, by habit.
fn file(value: Json) -> Result<(Source, Option<String>), Wrong> {
    let file = object(value)?;
    let name = field(file, "filename", text)?;
    let id = field(file, "file_id", text)?;
    let source = match (field(file, "file_data", text)?, id) {
        (Some(data), _) => file_source(data).within("file_data")?,
        // Gateways' clients name addresses here too.
        (None, Some(id)) if id.contains("://") => Source::Url(id),
        (None, Some(id)) => Source::File(id),
        (None, None) => return Err(Wrong::new("must have 'file_data' or 'file_id'")),
    };
    Ok((source, name))
}

fn file_source(data: String) -> Result<Source, Wrong> {
    match media::source_from_url(&data) {
        Source::Url(url) if url.starts_with("https://") || url.starts_with("http://") => Ok(Source::Url(url)),
        Source::Url(data) => match media::sniff(&data) {
            Some(media_type) => Ok(Source::Base64 { media_type: media_type.to_owned(), data }),
            None => Err(Wrong::new("must be a data URL such as data:application/pdf;base64,...")),
        },
        inline => Ok(inline),
    }
}

/// The cache marker of a part, tool or message: OpenAI's own, or Anthropic's, which many clients send.
pub(super) fn cache_mark(holder: Json) -> Option<CacheMark> {
    let (mark, long) = match holder.get_some("prompt_cache_breakpoint") {
        Some(mark) => (mark, "12h"),
        None => (holder.get_some("cache_control")?, "1h"),
    };
    let is_long = mark.get("ttl").is_some_and(|ttl| ttl.is(long));
    Some(if is_long { CacheMark::Long } else { CacheMark::Short })
}
