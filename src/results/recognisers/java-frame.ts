const FRAME =
  /^\s*at (?:\S{1,100}\/)?([\w.$]{1,500})\.[\w$<>]{1,300}\(([\w$]{1,200}\.(?:java|kt|groovy|scala)):(\d{1,8})\)/
/** Packages of Java itself, of test tools and of build tools. */
const FOREIGN =
  /^(?:java|javax|jdk|sun|com\.sun|kotlin|kotlinx|groovy|scala|org\.(?:junit|opentest4j|hamcrest|assertj|mockito|testng|gradle|apache\.maven|codehaus|spockframework|scalatest|springframework)|junit|io\.kotest|com\.google\.(?:common|truth))\./

/** The place of a Java frame, in the directory of its package: `at com.example.CartTest.adds(CartTest.java:19)`. */
export function javaFrame(line: string): { file: string; line: number } | null {
  const [, owner, file, number] = FRAME.exec(line) ?? []
  if (owner === undefined || file === undefined || FOREIGN.test(`${owner}.`)) return null
  return { file: inPackage(owner, file), line: Number(number) }
}

export function inPackage(owner: string, file: string): string {
  const end = owner.lastIndexOf('.')
  return end < 0 ? file : `${owner.slice(0, end).replaceAll('.', '/')}/${file}`
}
