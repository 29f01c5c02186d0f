/** Values of a YAML document that JavaScript has no type of its own for. */

/** A float whose value is a whole number (`1.0`, `-0.0`), which Python keeps apart from the integer. Other floats are plain numbers. */
export class WholeFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toJSON(): number {
    return this.value;
  }
}

/**
 * A scalar that does not show how it was written: `010` (8), `1.10` (1.1), `yes` (true), or a text that looks like a
 * number or a date. Only `parseYaml(…, { keep_writing: true })` makes these.
 */
export class Written {
  readonly value: string | number | bigint | boolean | WholeFloat;
  readonly text: string;

  constructor(value: Written['value'], text: string) {
    this.value = value;
    this.text = text;
  }
}
