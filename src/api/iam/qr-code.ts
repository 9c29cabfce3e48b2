// QR codes.

/** Draws a text as a QR code; a PNG. */
export async function qrCodePng(text: string): Promise<Buffer> {
  // Loaded by the first code: few services ever draw one.
  const { default: qrCode } = await import('qrcode');
  return qrCode.toBuffer(text, { type: 'png', errorCorrectionLevel: 'M' });
}
