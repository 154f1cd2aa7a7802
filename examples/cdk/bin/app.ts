import { App } from 'aws-cdk-lib'
import { NotesStack } from '../lib/notes-stack.ts'

const app = new App()
new NotesStack(app, 'notes-dev', { retain: false })
new NotesStack(app, 'notes-production', { retain: true })
