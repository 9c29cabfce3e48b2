// Decimal numbers: IEEE 754 decimal32, 64 and 128 with binary integer coefficients.

/** The parameters of each size in bytes. */
const formats = {
  4: { exponentBits: 8n, bias: 101, digits: 7 },
  8: { exponentBits: 10n, bias: 398, digits: 16 },
  16: { exponentBits: 14n, bias: 6176, digits: 34 },
} as const;

/** Maximum number of digits for which a number is written without an exponent. */
const plainDigitsMax = 40;

/** Reads a decimal number as text, such as `-1.25`, `NaN` or `Infinity`. */
export function readDecimal(bytes: Buffer, at: number, sizeBytes: number): string {
  const { exponentBits, bias, digits } = formats[sizeBytes as keyof typeof formats]; // one of three
  const bits = BigInt(sizeBytes * 8);
  const raw = BigInt(`0x${bytes.toString('hex', at, at + sizeBytes)}`);
  const sign = raw >> (bits - 1n) === 1n ? '-' : '';
  const combination = (raw >> (bits - 6n)) & 0x1fn;
  if (combination === 0x1fn) return 'NaN';
  if (combination === 0x1en) return `${sign}Infinity`;
  const coefficientBits = bits - 1n - exponentBits;
  const isLarge = combination >> 3n === 3n;
  const shift = isLarge ? coefficientBits - 2n : coefficientBits;
  const exponent = Number((raw >> shift) & ((1n << exponentBits) - 1n)) - bias;
  const low = raw & ((1n << shift) - 1n);
  const coefficient = isLarge ? (8n << (coefficientBits - 3n)) | low : low;
  // Larger coefficients are not canonical, and mean zero.
  const canonical = coefficient < 10n ** BigInt(digits) ? coefficient : 0n;
  return sign + plainText(String(canonical), exponent);
}

function plainText(digits: string, exponent: number): string {
  if (exponent === 0) return digits;
  const isPlain = digits.length + Math.abs(exponent) <= plainDigitsMax;
  if (!isPlain || exponent > 0) return `${digits}e${exponent}`;
  const padded = digits.padStart(1 - exponent, '0');
  return `${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

/** Writes a number as decimal128; undefined if it is not one, or has more than 34 digits. */
export function writeDecimal(text: string): Buffer | undefined {
  const match = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?(?:e([+-]?\d{1,5}))?$/i.exec(text);
  if (match === null) return undefined;
  const { bias, digits } = formats[16];
  const [, sign, whole = '', fraction = '', power = '0'] = match;
  const coefficient = BigInt(whole + fraction);
  const exponent = Number(power) - fraction.length + bias;
  if (coefficient >= 10n ** BigInt(digits) || exponent < 0 || exponent > 12_287) return undefined;
  const raw = (BigInt(sign === '-') << 127n) | (BigInt(exponent) << 113n) | coefficient;
  return Buffer.from(raw.toString(16).padStart(32, '0'), 'hex');
}
