const START = /(?<!<)<<-?[ \t]*(['"]?)([A-Za-z_]\w*)\1/

/** A script without the texts of its here-documents. It takes linear time. */
export function withoutHeredocs(script: string): string {
  if (!script.includes('<<')) return script
  const lines = script.split('\n')
  const last = new Map(lines.map((line, at) => [line.trim(), at]))
  const kept: string[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    const [, , word = ''] = START.exec(line) ?? []
    const isDocument = word !== '' && (last.get(word) ?? -1) > at
    kept.push(isDocument ? line.replace(START, '') : line)
    if (!isDocument) continue
    do at += 1
    while (lines[at]?.trim() !== word)
  }
  return kept.join('\n')
}
