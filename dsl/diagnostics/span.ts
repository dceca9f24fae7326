/** A place in a source text. Lines and columns count from 1, offsets from 0. */
export interface Span {
  /** Path of the file, or a description such as `logit of loss 'clip'` when the text has no file. */
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A text that spans point into, kept so that a code frame can be drawn without reading the file again. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
}
