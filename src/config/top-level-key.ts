// Tags of templates and comments come first. Strings and comments may be unterminated, which keeps this linear.
const TOKEN =
  /\{\{[^{}]*\}\}|<%[^%]*%>|\{%[^%]*%\}|\$\{[^{}]*\}|\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|[\w$]+|\S/g

/** Whether a text that is not quite JSON, such as a template, has a key at the top level of its object. */
export function hasTopLevelKey(text: string, key: string): boolean {
  const open: string[] = []
  let before = ''
  for (const [token] of text.matchAll(TOKEN)) {
    if (/^(\{\{|<%|\{%|\$\{|\/[/*])./s.test(token)) continue
    if (token === ':' && open.length === 1 && open[0] === '{' && nameIn(before) === key) return true
    if (token === '{' || token === '[') open.push(token)
    if (token === '}' || token === ']') open.pop()
    before = token
  }
  return false
}

function nameIn(token: string): string {
  const text = token.replace(/^'(.*)'$/s, '"$1"')
  try {
    return text.startsWith('"') ? String(JSON.parse(text)) : token
  } catch {
    return token
  }
}
