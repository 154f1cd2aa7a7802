/** Splits bytes at positions, which may be any numbers. */
export function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const positions = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [...positions, bytes.length].map((end, index) => bytes.subarray(positions[index - 1] ?? 0, end))
}
