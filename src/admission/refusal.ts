/** Why a request starts no build, in a sentence for people. */
export type Refusal = { refused: 'invalid' | 'forbidden' | 'unknown' | 'conflict'; reason: string }
