type Event = { rawPath: string; body?: string; isBase64Encoded: boolean }

/** A function behind a function URL. */
export async function handler(event: Event) {
  switch (event.rawPath) {
    case '/echo':
      return {
        statusCode: 201,
        headers: { 'Content-Type': 'application/octet-stream', 'X-Number': 7 },
        cookies: ['a=1; Path=/', 'b=2'],
        body: event.body ?? '',
        isBase64Encoded: event.isBase64Encoded,
      }
    case '/event':
      return event
    case '/text':
      return 'plain'
    case '/broken':
      return { statusCode: 'many' }
    default:
      throw new Error('no such page')
  }
}
