import { createHmac } from 'node:crypto'

// A label names the purpose of a secret. None is a body that GitHub could sign: those are JSON or a form.
const derive = (webhookSecret: string, label: string) =>
  createHmac('sha256', webhookSecret).update(label).digest('hex')

/** The secret of the webhook of one repository, by GitHub's id, which outlives its names. */
export const repositorySecret = (webhookSecret: string, id: number) =>
  derive(webhookSecret, `lambci webhook of repository ${id}`)

/** The secret of the webhook of an organization, which sends the events of all of its repositories. */
export const organizationSecret = (webhookSecret: string, login: string) =>
  derive(webhookSecret, `lambci webhook of organization ${login.toLowerCase()}`)

/** The secret of a GitHub App's webhook, which sends the events of every repository where the App is installed. */
export const appSecret = (webhookSecret: string) => derive(webhookSecret, 'lambci webhook of the App')

/** The key with which the command line signs its requests. GitHub never has it, so no body that GitHub signs is a request. */
export const requestSecret = (webhookSecret: string) =>
  derive(webhookSecret, 'lambci requests of the command line')
