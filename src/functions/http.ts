import { defaultIsContentTypeBinary, handle } from 'hono/aws-lambda'
import { createHttpApp } from './http-app.ts'
import { services } from './services.ts'

/** The http function, behind a function URL. */
export const handler = handle(createHttpApp(services), {
  // A log can contain any bytes, which would not survive JSON as text.
  isContentTypeBinary: type => type.startsWith('text/plain') || defaultIsContentTypeBinary(type),
})
