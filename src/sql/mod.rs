//! Lexers and statement splitters, one per dialect. Pure: text in, statements out.
