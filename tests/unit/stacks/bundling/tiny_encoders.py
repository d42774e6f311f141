"""Creates tiny encoders with random weights in Hugging Face's folder layout, because tests have no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import transformers

_TEXT = ["An agent calls tools; throughput is bought by the hour.", "東京は日本の首都です。", "Париж — столица. 3.14"]
_SIZE: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 64}


def _config(name: str, **values: Any) -> tuple[str, dict[str, Any]]:
    """The name of a configuration class of transformers, and what it gets. The import takes seconds."""
    return name, values


CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": _config("BertConfig", **_SIZE, max_position_embeddings=64),
    "roberta": _config("RobertaConfig", **_SIZE, max_position_embeddings=66),
    "xlm-roberta": _config("XLMRobertaConfig", **_SIZE, max_position_embeddings=66),
    "distilbert": _config("DistilBertConfig",
        dim=32, n_layers=4, n_heads=4, hidden_dim=64, max_position_embeddings=64
    ),
    "albert": _config("AlbertConfig", **_SIZE, embedding_size=16, max_position_embeddings=64),
    "electra": _config("ElectraConfig", **_SIZE, embedding_size=16, max_position_embeddings=64),
    "mpnet": _config("MPNetConfig", **_SIZE, max_position_embeddings=66),
    "deberta": _config("DebertaConfig", **_SIZE, max_position_embeddings=64),
    "deberta-v2": _config("DebertaV2Config", **_SIZE, max_position_embeddings=64),
    "bart": _config("BartConfig",
        d_model=32, encoder_layers=4, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
        encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=64,
    ),
    "t5": _config("T5Config", d_model=32, d_kv=8, d_ff=64, num_layers=4, num_heads=4),
    "mt5": _config("MT5Config", d_model=32, d_kv=8, d_ff=64, num_layers=4, num_heads=4),
    "xlnet": _config("XLNetConfig", d_model=32, n_layer=4, n_head=4, d_inner=64),
    "xlm": _config("XLMConfig", emb_dim=32, n_layers=4, n_heads=4, max_position_embeddings=64),
    "squeezebert": _config("SqueezeBertConfig", **_SIZE, embedding_size=32, max_position_embeddings=64),
    "convbert": _config("ConvBertConfig", **_SIZE, embedding_size=32, max_position_embeddings=64),
    "mbart": _config("MBartConfig",
        d_model=32, encoder_layers=4, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
        encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=64,
    ),
    "pegasus": _config("PegasusConfig",
        d_model=32, encoder_layers=4, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
        encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=64,
    ),
    "longformer": _config("LongformerConfig", **_SIZE, max_position_embeddings=66, attention_window=8),
    "bigbird": _config("BigBirdConfig", **_SIZE, max_position_embeddings=64, attention_type="original_full"),
    "led": _config("LEDConfig",
        d_model=32, encoder_layers=4, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
        encoder_ffn_dim=64, decoder_ffn_dim=64, max_encoder_position_embeddings=64, attention_window=8,
    ),
    "prophetnet": _config("ProphetNetConfig",
        hidden_size=32, num_encoder_layers=4, num_decoder_layers=2, num_encoder_attention_heads=4,
        num_decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=64,
    ),
}  # fmt: skip


def make(folder: Path, kind: str) -> Path:
    """A model of this kind in the folder."""
    import torch
    import transformers

    tokenizer = _byte_pairs() if kind == "roberta" else _word_pieces()
    tokenizer.save_pretrained(folder)
    name, values = CONFIGS[kind]
    config = getattr(transformers, name)(**values)
    config.vocab_size = len(tokenizer)
    config.pad_token_id = tokenizer.pad_token_id
    torch.manual_seed(7)
    model = transformers.AutoModel.from_config(config)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(torch.randn_like(weights) * 0.1)  # as different from each other as trained ones
    model.save_pretrained(folder)
    return folder


def _word_pieces() -> transformers.PreTrainedTokenizerFast:
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(_TEXT * 9, trainers.WordPieceTrainer(vocab_size=200, special_tokens=special))
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=64,
    )  # fmt: skip


def _byte_pairs() -> transformers.RobertaTokenizer:
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(_TEXT * 9, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    made = transformers.RobertaTokenizer(model_max_length=64)
    made._tokenizer = tokenizer
    return made
