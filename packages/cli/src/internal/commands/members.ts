/** `image add project`, `image remove project` and `image member`. */
import * as ImageMembers from "@effect-glance/core/ImageMembers"
import * as Effect from "effect/Effect"
import * as Command from "../command.js"
import * as Common from "../common.js"
import * as Lookup from "../lookup.js"
import * as Parameters from "../parameters.js"
import * as Records from "../records.js"

export const add = Command.fields({
  summary: "Share an image with a project",
  examples: ["image add project debian build", "image add project debian build --project-domain Default -f json"],
  parameters: {
    image: Common.image("Image to share"),
    project: Parameters.argument("<project>", "Project to share it with (name or ID)"),
    projectDomain: Common.projectDomain
  },
  run: ({ image, project, projectDomain }) =>
    Effect.gen(function* () {
      const members = yield* ImageMembers.make
      const projectId = yield* Lookup.findProjectId(project, projectDomain)
      return Records.memberFields(yield* members.add(yield* Lookup.findImageId(image), projectId))
    })
})

export const remove = Command.nothing({
  summary: "Stop sharing an image with a project",
  examples: ["image remove project debian build", "image remove project debian build --project-domain Default"],
  parameters: {
    image: Common.image("Image that is shared"),
    project: Parameters.argument("<project>", "Project to take it from (name or ID)"),
    projectDomain: Common.projectDomain
  },
  run: ({ image, project, projectDomain }) =>
    Effect.gen(function* () {
      const members = yield* ImageMembers.make
      const projectId = yield* Lookup.findProjectId(project, projectDomain)
      yield* members.remove(yield* Lookup.findImageId(image), projectId)
    })
})

export const list = Command.rows({
  summary: "List the projects that an image is shared with",
  examples: ["image member list debian", "image member list debian -f value -c 'Member ID'"],
  parameters: { image: Common.image("Image that is shared"), projectDomain: Common.projectDomain },
  run: ({ image }) =>
    Effect.gen(function* () {
      const members = yield* ImageMembers.make
      const found = yield* members.list(yield* Lookup.findImageId(image))
      return {
        columns: ["Image ID", "Member ID", "Status"],
        rows: found.map(({ imageId, memberId, status }) => [imageId, memberId, status])
      }
    })
})

export const get = Command.fields({
  summary: "Show the membership of a project",
  examples: ["image member get debian build", "image member get debian build -f value -c status"],
  parameters: {
    image: Common.image("Image that is shared"),
    member: Parameters.argument("<project>", "Project to show (name or ID)"),
    projectDomain: Common.projectDomain
  },
  run: ({ image, member, projectDomain }) =>
    Effect.gen(function* () {
      const members = yield* ImageMembers.make
      const imageId = yield* Lookup.findImageId(image)
      return Records.memberFields(yield* members.get(imageId, yield* Lookup.findProjectId(member, projectDomain)))
    })
})
