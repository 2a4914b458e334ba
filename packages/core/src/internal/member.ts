/** What a member can have said; here, so that queries need not know the service of members. */
export type MemberStatus = "pending" | "accepted" | "rejected"
