// Numbers with fractions as text in Java's form, which JMS clients and ActiveMQ's brokers use.

/** Magnitudes from which and below which Java writes no exponent. */
const plainMin = 1e-3;
const plainMax = 1e7;

/** Writes a double as Java does: `5.0`, `1.0E300`, `NaN`. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return javaText(value, value.toExponential());
}

/** Writes a float as Java does, with the digits that distinguish it from other floats. */
export function floatText(value: number): string {
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return String(single);
  for (let digits = 0; digits < floatDigitsMax; digits++) {
    const text = single.toExponential(digits);
    if (Math.fround(Number(text)) === single) return javaText(single, text);
  }
  return javaText(single, single.toExponential());
}

/** Digits after the first one that distinguish all floats. */
const floatDigitsMax = 9;

/** @param exponential the digits to write, as `d.ddde±x` */
function javaText(value: number, exponential: string): string {
  const magnitude = Math.abs(value);
  const [digits = '', exponent = ''] = exponential.split('e');
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (magnitude >= plainMin && magnitude < plainMax) {
    const plain = plainText(exponential);
    return plain.includes('.') ? plain : `${plain}.0`;
  }
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
}

/** Moves the point of `d.ddde±x`, which has a small exponent. */
function plainText(exponential: string): string {
  const [, sign = '', first = '', rest = '', exponent = ''] =
    /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(exponential) ?? [];
  const at = Number(exponent);
  const all = first + rest;
  if (at < 0) return `${sign}0.${'0'.repeat(-at - 1)}${all}`;
  if (all.length <= at + 1) return sign + all.padEnd(at + 1, '0');
  return `${sign}${all.slice(0, at + 1)}.${all.slice(at + 1)}`;
}
