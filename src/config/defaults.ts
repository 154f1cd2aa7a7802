/** The value of a built-in rule in `branches`. It means `true`; any layer replaces it. */
export const BUILT_IN = 'built-in'

/** The lowest layer: LambCI's defaults, with `main` built like `master`. */
export const DEFAULTS = {
  cmd: 'npm ci && npm test',
  env: {},
  build: false,
  branches: { master: BUILT_IN, main: BUILT_IN },
  pullRequests: {
    fromSelfPublicRepo: true,
    fromSelfPrivateRepo: true,
    fromForkPublicRepo: { build: true, inheritSecrets: false, allowConfigOverrides: ['cmd', 'env'] },
    fromForkPrivateRepo: false,
    merge: false,
  },
  notifications: {
    on: 'always',
    slack: {
      channel: '#general',
      username: 'LambCI',
      iconUrl: 'https://lambci.s3.amazonaws.com/assets/logo-48x48.png',
      asUser: false,
    },
    sns: { topicArn: null },
  },
  inheritSecrets: true,
  allowConfigOverrides: true,
  git: { depth: 5, tags: false },
  stages: {},
  deploy: null,
  timeout: null,
  retry: 0,
  skip: true,
  cancelSuperseded: null,
  paths: null,
  cache: [],
  setup: null,
  failFast: true,
  maxParallel: null,
} as const

/** The account's settings by default: no repository is built, and LambCI's usual branches may deploy. */
export const ACCOUNT_DEFAULTS = {
  allow: [],
  deployBranches: ['master', 'main', 'qa', 'staging', 'production'],
  topics: [],
  deployRole: null,
  pinnedStages: {},
  jobRoles: {},
  jobToken: null,
  maxJobs: 50,
  maxRunningJobs: null,
  approval: 'strangers',
  maxForkBuildsPerDay: 50,
  maxBuildsPerDay: 1000,
  monthlyBudget: null,
} as const
