"""Makes a model of 300 KB that any llama.cpp can run, and that says what is expected of it.

It has one layer whose attention and feed-forward add nothing, so the next token depends on the last one alone: each token
has a random code, and the row of a token in the output matrix is the code of the token before it. Two markers, which the
template puts behind the conversation, begin the two things that it can say.
"""

import sys

import gguf
import numpy as np

WIDTH, HEADS, CONTEXT = 64, 2, 16384
SAYS = ["▁Hello", "▁from", "▁a", "▁tiny", "▁model", "."]
CALLS = ["<tool_call>", '{"name":', '"get_weather",', '"arguments":', '{"city":', '"Paris"}}', "</tool_call>"]
MARKERS = {"[SAY]": SAYS, "[CALL]": CALLS}
# Behind the last message the marker; who has just heard from a tool does not ask it again.
TEMPLATE = """{{- $role := "" }}
{{- range .Messages }}{{ .Role }}: {{ .Content }}
{{- if .ToolCalls }}<tool_call>
{{- range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}</tool_call>
{{- end }}
{{ $role = .Role }}
{{- end }}
{{- if and .Tools (eq $role "user") }}{{ .Tools }}[CALL]{{ else }}[SAY]{{ end }}"""


def vocabulary():
    """Tokens and their kinds: three of llama's own, all bytes, markers, and the pieces of what it says."""
    kinds = gguf.TokenType
    tokens = [("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)]
    tokens += [(f"<0x{byte:02X}>", kinds.BYTE) for byte in range(256)]
    tokens += [(marker, kinds.CONTROL) for marker in MARKERS]
    return tokens + [(piece, kinds.NORMAL) for pieces in MARKERS.values() for piece in pieces]


def followers(tokens):
    """The token that follows each token; the end follows what is not in a chain."""
    number = {token: index for index, (token, _) in enumerate(tokens)}
    follows = {}
    for marker, pieces in MARKERS.items():
        chain = [marker, *pieces, "</s>"]
        follows |= {number[one]: number[other] for one, other in zip(chain, chain[1:])}
    return follows


def write(path):
    tokens = vocabulary()
    dice = np.random.default_rng(7)
    codes = dice.choice([-1.0, 1.0], (len(tokens), WIDTH)).astype(np.float32)
    output = np.zeros((len(tokens), WIDTH), np.float32)
    for before, after in followers(tokens).items():
        output[after] += codes[before]
    file = gguf.GGUFWriter(path, "llama")
    file.add_name("tiny")
    file.add_context_length(CONTEXT)
    file.add_embedding_length(WIDTH)
    file.add_block_count(1)
    file.add_feed_forward_length(WIDTH)
    file.add_head_count(HEADS)
    file.add_head_count_kv(HEADS)
    file.add_rope_dimension_count(WIDTH // HEADS)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_vocab_size(len(tokens))
    file.add_file_type(gguf.LlamaFileType.ALL_F32)
    file.add_tokenizer_model("llama")
    file.add_token_list([token for token, _ in tokens])
    file.add_token_scores([0.0 if kind != gguf.TokenType.NORMAL else -1.0 for _, kind in tokens])
    file.add_token_types([kind for _, kind in tokens])
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)
    file.add_unk_token_id(0)
    file.add_tensor("token_embd.weight", codes)
    file.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    file.add_tensor("output.weight", output)
    random = lambda: dice.normal(0, 0.02, (WIDTH, WIDTH)).astype(np.float32)
    nothing = np.zeros((WIDTH, WIDTH), np.float32)
    for name in ["attn_q", "attn_k", "attn_v", "ffn_gate", "ffn_up"]:
        file.add_tensor(f"blk.0.{name}.weight", random())
    for name in ["attn_output", "ffn_down"]:
        file.add_tensor(f"blk.0.{name}.weight", nothing)
    for name in ["attn_norm", "ffn_norm"]:
        file.add_tensor(f"blk.0.{name}.weight", np.ones(WIDTH, np.float32))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


if __name__ == "__main__":
    write(sys.argv[1])
