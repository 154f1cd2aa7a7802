import { loadBundle } from '../../loopback/lambda/bundle-loader.ts'

/** Loads the build process with the code of earlier ones, as the local system of the package does, and keeps its own. */
const [bundle = '', cache = ''] = process.argv.slice(2)
process.once('disconnect', loadBundle(bundle, cache).save)
